#!/usr/bin/env bash
# Trains one config on this machine and evaluates it on its target language, in .venv (made on first
# use):
#   launch/local.sh --config=configs/demo.py [--workdir=DIR] [--config.a.b=v ...]
# On a GPU machine, before the first use: EXTRAS=cuda12,test launch/local.sh ...
set -euo pipefail
cd "$(dirname "$0")/.."
source launch/environment.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
python -m xlt_flax.main "$@" | tee "$log"
workdir=$(tail -n 1 "$log")
if [[ -d $workdir ]]; then # --help trains nothing
    python -m xlt_flax.eval --workdir="$workdir"
fi
