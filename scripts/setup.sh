#!/bin/sh
# Set up .venv with the package and the named dependency groups: scripts/setup.sh [GROUP ...]
# Works on a machine that has only Python >= 3.10 (and, as root on Debian, mends a missing venv module).
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-}
if [ -z "$python" ]; then
  for candidate in python3 python3.13 python3.12 python3.11 python3.10 python; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
fi
[ -n "$python" ] || { echo "Diorama needs Python 3.10 or newer." >&2; exit 1; }

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  echo "making .venv with $("$python" --version)"
  if ! "$python" -m venv .venv >/dev/null 2>&1; then
    rm -rf .venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
      "$python" -m venv .venv
    else
      echo "$python has no venv module: install it (Debian: apt-get install python3-venv)." >&2
      exit 1
    fi
  fi
fi

groups=""
for group in "$@"; do groups="$groups --group $group"; done
# pip learnt --group in 25.1.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
echo "installing Diorama and what it needs"
# shellcheck disable=SC2086
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,media]' $groups
