#!/bin/sh
# Print the path of a Chromium for the browser tests, installing one where there is none:
# one found on the machine, else Debian's package when root, else Playwright's own.
set -eu
cd "$(dirname "$0")/.."

found() {
  for name in "${DIORAMA_CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
    [ -n "$name" ] && command -v "$name" 2>/dev/null && return 0
  done
  return 1
}

found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >&2 && found && exit 0
fi
.venv/bin/python -m playwright install chromium >&2
.venv/bin/python -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)'
