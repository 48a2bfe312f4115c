#!/bin/sh
# See that strace is there, for the tests that record or refuse system calls; as root on Debian it is installed.
# Elsewhere those tests are skipped and say so.
set -eu
command -v strace >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends strace >/dev/null && exit 0
fi
echo "strace is not installed: the tests that need it are skipped (Debian: apt-get install strace)" >&2
