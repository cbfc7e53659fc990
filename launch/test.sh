#!/usr/bin/env bash
# Runs the tests, in .venv (made on first use): launch/test.sh [pytest's arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
source launch/environment.sh
python -m pytest -n "${XLT_FLAX_TEST_WORKERS:-2}" --dist loadfile "$@"
