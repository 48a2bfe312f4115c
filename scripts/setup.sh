#!/bin/sh
# Set up .venv from a lock file and install the package into it: scripts/setup.sh demo|dev|bench
# Works on a machine that has only Python >= 3.10 (and, as root on Debian, mends a missing venv module).
# VENV names another folder than .venv; PYTHON another Python than the first one found.
set -eu
cd "$(dirname "$0")/.."
lock=$1
venv=${VENV:-.venv}

python=${PYTHON:-}
if [ -z "$python" ]; then
  for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
fi
[ -n "$python" ] || { echo "Diorama needs Python 3.10 or newer." >&2; exit 1; }

if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  echo "making $venv with $("$python" --version)"
  if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
    rm -rf "$venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
      "$python" -m venv "$venv"
    else
      echo "$python has no venv module: install it (Debian: apt-get install python3-venv)." >&2
      exit 1
    fi
  fi
fi

# The lock names every package with its hashes: nothing is resolved, nothing else is fetched.
locked() {
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-deps --only-binary :all: --require-hashes --requirement "locks/$1.txt"
}
echo "installing Diorama and what it needs"
locked "$lock"
"$venv/bin/python" scripts/build_ui.py find-npm >/dev/null 2>&1 || locked node
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --no-deps --no-build-isolation --editable .
