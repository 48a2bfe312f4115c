#!/bin/sh
# The tests on other releases than the locked ones, in a copy of the tree: scripts/suite.sh oldest|newest
#   oldest  the lowest releases of everything that the package's own ranges allow, on the oldest Python here
#   newest  the newest releases of everything, npm's too, on the newest Python here
# PYTHON names another Python; arguments after the first go to pytest.
set -eu
cd "$(dirname "$0")/.."
which=$1
shift
case "$which" in
  oldest) order="3.10 3.11 3.12 3.13 3.14" ;;
  newest) order="3.14 3.13 3.12 3.11 3.10" ;;
  *) echo "usage: scripts/suite.sh oldest|newest [PYTEST ARGUMENT ...]" >&2; exit 2 ;;
esac
python=${PYTHON:-}
for version in $order; do
  [ -z "$python" ] && "python$version" -c '' 2>/dev/null && python="python$version"
done
[ -n "$python" ] || { echo "found no Python between 3.10 and 3.14; name one with PYTHON=" >&2; exit 1; }

uv="$PWD/.venv/bin/uv"
copy="$PWD/build/$which"
rm -rf "$copy"
mkdir -p "$copy"
git ls-files -z | xargs -0 cp --parents --target-directory "$copy"
if [ "$which" = oldest ]; then # the UI does not depend on Python's packages
  mkdir -p "$copy/src/diorama/server"
  cp -R src/diorama/server/static "$copy/src/diorama/server/"
fi
cd "$copy"

echo "installing the $which releases for $("$python" --version)"
"$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
package="--extra demo --extra media --extra postgres"
python_version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
resolve() {
  "$uv" pip compile --quiet --python .venv/bin/python --only-binary :all: --no-header "$@" >/dev/null
}
if [ "$which" = oldest ]; then
  # shellcheck disable=SC2086
  resolve pyproject.toml $package --resolution lowest-direct --output-file package.txt
  # shellcheck disable=SC2086
  resolve pyproject.toml $package --group setup --group dev --constraint package.txt --output-file all.txt
else
  # shellcheck disable=SC2086
  resolve pyproject.toml $package --group setup --group dev --output-file all.txt
  (cd web && npm update --no-fund --no-audit --loglevel=error)
fi
"$uv" pip install --quiet --python .venv/bin/python --requirement all.txt
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .

if [ "$which" = oldest ]; then
  .venv/bin/python -m pytest -n 2 --dist loadgroup -m "not browser" "$@"
else
  .venv/bin/python scripts/build_ui.py npm run --silent check
  .venv/bin/python scripts/build_ui.py npm run --silent test
  DIORAMA_CHROMIUM="$("$OLDPWD"/scripts/chromium.sh)" .venv/bin/python -m pytest -n 2 --dist loadgroup "$@"
fi
