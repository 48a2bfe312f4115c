#!/bin/sh
# Resolve what `make demo`, `make test` and `make bench` install, for every Python from 3.10 on, into locks/.
# Give `--upgrade` to move to newer releases; without it, only what pyproject.toml asks for changes.
set -eu
cd "$(dirname "$0")/.."

resolve() { # FILE ARGUMENT...
  file=$1
  shift
  # Wheels only: building a source package would fetch tools that no lock names.
  .venv/bin/python -m uv pip compile --quiet --universal --python-version 3.10 --only-binary :all: \
    --generate-hashes --no-annotate --no-header --no-emit-index-url --output-file "locks/$file" "$@" >/dev/null
}

mkdir -p locks
# One resolution for everything; the smaller files are parts of it.
resolve bench.txt pyproject.toml --extra demo --extra media --extra postgres \
  --group setup --group dev --group bench --constraint locks/held.in "$@"
resolve dev.txt pyproject.toml --extra demo --extra media --extra postgres \
  --group setup --group dev --constraint locks/bench.txt
resolve demo.txt pyproject.toml --extra demo --extra media --group setup --constraint locks/bench.txt
resolve node.txt --group node "$@"
