#!/usr/bin/env bash
# Make .venv from the lock file. Needs git, make and python3 (3.11 to 3.13) with venv; no root, no node.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"

if ! command -v "$python" >/dev/null; then
  echo "set-up: $python is missing. Install it: sudo apt-get install python3 python3-venv" >&2
  exit 2
fi
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
  echo "set-up: $("$python" --version) is not supported. Use Python 3.11 to 3.13: make PYTHON=python3.12 run" >&2
  exit 2
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  echo "set-up: python's venv module is missing. Install it: sudo apt-get install python3-venv" >&2
  exit 2
fi

echo "set-up: making .venv (a minute or two, once) ..."
started=$SECONDS
rm -f .venv/.ready
"$python" -m venv .venv
log=.venv/setup.log
if ! {
  .venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock &&
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
} >"$log" 2>&1; then
  echo "set-up: pip failed; the end of $log:" >&2
  tail -n 15 "$log" >&2
  exit 5
fi
touch .venv/.ready
echo "set-up: done in $((SECONDS - started)) s"
