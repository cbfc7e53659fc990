# Makes .venv with xlt_flax and its test tools if there is none, and enters it. To be sourced from
# the repository's root. PYTHON names another interpreter; EXTRAS other extras, such as cuda12,test.
if [ ! -e .venv/installed ]; then
  "${PYTHON:-python3}" -m venv .venv
  .venv/bin/python -m pip install --quiet --upgrade pip
  .venv/bin/python -m pip install --quiet --editable ".[${EXTRAS:-test}]"
  touch .venv/installed
fi
source .venv/bin/activate
