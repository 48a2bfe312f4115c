"""Plugins installed into a folder, as if it were site-packages: the example of the docs, and small ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "plugin"


def install_example(site: Path, workshop: Path) -> None:
    """Build and install examples/plugin with pip, without network. `workshop`: a folder for its sources."""
    sources = workshop / "plugin"
    shutil.copytree(EXAMPLE, sources, ignore=shutil.ignore_patterns("__pycache__", "dist", "build"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([*pip, *options, str(sources)], check=True, timeout=120)


def write_plugin(
    site: Path,
    name: str,
    code: str,
    *,
    package: str = "",
    version: str = "1.0",
    files: Mapping[str, str] | None = None,
) -> Path:
    """Install a plugin whose module has `code`, which sets PLUGIN; the folder of its module."""
    package = package or f"diorama-{name}"
    module = package.replace("-", "_")
    folder = site / module
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(code)
    for file, text in (files or {}).items():
        (folder / file).write_text(text)
    about = site / f"{module}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(f"[diorama.plugins]\n{name} = {module}:PLUGIN\n")
    return folder


def with_site(site: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which the plugins of `site` are installed."""
    paths = [str(site), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(paths)}
