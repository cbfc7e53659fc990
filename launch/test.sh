#!/usr/bin/env bash
# Runs the fast tests, in .venv (made on first use): launch/test.sh [pytest's arguments]
# Those that take long: launch/test.sh -m slow; those with full counts: launch/test.sh -m soak
set -euo pipefail
cd "$(dirname "$0")/.."
source launch/environment.sh
python -m pytest -n "${XLT_FLAX_TEST_WORKERS:-2}" --dist loadfile "$@"
