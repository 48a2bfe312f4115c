"""Files of 3D things, and the files beside them that they name: textures, materials, buffers.

Runs in the training process, so nothing is decoded here but the names of companions. A companion is looked
for in the file's own folder and below it only: no URL, no absolute path, no "..", no link that leads out.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec

from diorama.media.core.keep import Kept, keep
from diorama.media.core.user_file import keep_file, keep_stream, read_file, rewound
from diorama.model import clean_text

FORMATS = ("obj", "gltf", "glb", "babylon", "stl", "pts.json", "ply", "pcd", "splat")
_LONELY = frozenset(("stl", "pts.json", "ply", "pcd", "splat"))
"""Formats that name no other files."""
COMPANIONS_LIMIT = 1000
_JSON_LIMIT_BYTES = 256 << 20

_ABSOLUTE = re.compile(r"/|[a-zA-Z]:/(?!/)")
_MTL_TEXTURE = re.compile(rb"^[ \t]*(?:map_\w+|bump|disp|decal|refl|norm)[ \t]+(.+)$", re.I | re.M)
_MTL_OPTION = re.compile(
    r"-(?:(?:o|s|t)(?:\s+[-+.\deE]+(?=\s)){1,3}|mm\s+\S+\s+\S+|[a-zA-Z]+\s+\S+)\s+", re.ASCII
)
_BABYLON_NAME = re.compile(
    rb'"(?:name|url|delayLoadingFile)"\s*:\s*"([^"\\]{1,1000}\.(?:png|jpe?g|bmp|gif|webp|tga|dds|ktx2?|basis|env|hdr'
    rb'|babylonbinarymeshdata))"',
    re.I,
)


@dataclass
class ModelFile:
    """A file kept. files: companions by the name that the file calls them; missing: those not found."""

    format: str
    name: str
    kept: Kept
    files: dict[str, Kept] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def format_of(name: str) -> str | None:
    """The format that a file's name says, e.g. "pts.json"."""
    lower = name.lower()
    return next((each for each in FORMATS if lower.endswith(f".{each}")), None)


def checked_format(file_type: Any) -> str | None:
    """The format that a user says ("glb", ".glb", "GLB"). Raises ValueError for an unknown one."""
    if file_type is None:
        return None
    if isinstance(file_type, str) and (name := file_type.lower().removeprefix(".")) in FORMATS:
        return name
    raise ValueError(_not_supported(f"file_type {file_type!r} is not one of them"))


def model_from_path(path: Any, file_type: Any, given: Mapping[str, bytes]) -> ModelFile:
    """Raises FileNotFoundError; ValueError for an unknown format, a folder, FIFO, URL or empty file."""
    name = os.fspath(path)
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    file_format = format_of(name) or checked_format(file_type)
    if file_format is None:
        subject = f"File {name!r} is not compatible with Object3D"
        raise ValueError(
            f"{_not_supported(subject)}; load raw numbers (.bin, .npy) with numpy and give the array"
        )
    if file_format in _LONELY:
        source = keep_file(name, subject="the 3D file")
        return ModelFile(
            file_format, source.name, source.kept, {key: keep(each) for key, each in given.items()}
        )
    data = read_file(name, subject="the 3D file")
    model = ModelFile(file_format, clean_text(os.path.basename(name)), keep(data))
    _find_companions(model, data, os.path.dirname(name) or os.curdir, given)
    return model


def model_from_stream(stream: Any, file_type: Any, given: Mapping[str, bytes]) -> ModelFile:
    """An open file is read by its path if it has one, another stream from its start, both as W&B does."""
    name = getattr(stream, "name", None)
    if isinstance(name, str) and (format_of(name) or checked_format(file_type)) and os.path.exists(name):
        if callable(getattr(stream, "flush", None)) and not getattr(stream, "closed", False):
            stream.flush()
        return model_from_path(name, file_type, given)
    file_format = checked_format(file_type)
    if file_format is None:
        raise ValueError(
            f"Must pass file type keyword argument when using io objects: file_type= one of {_listed()}"
        )
    # Text would lose what is no text; most open files have their bytes below.
    binary = stream.buffer if isinstance(stream, io.TextIOWrapper) else stream
    source = keep_stream(rewound(binary), subject="the 3D file")
    model = ModelFile(file_format, source.name, source.kept)
    _find_companions(model, bytes(source.kept.read()), None, given)
    return model


def model_from_bytes(data: Any, file_type: Any, given: Mapping[str, bytes]) -> ModelFile:
    return model_from_stream(io.BytesIO(data), file_type, given)


def checked_companions(files: Any) -> dict[str, bytes]:
    """The companions that a user hands over: {name: path or bytes}. Raises as reading a file does."""
    if files is None:
        return {}
    if not isinstance(files, Mapping) or not all(isinstance(name, str) for name in files):
        raise TypeError(f"files must be a dict of names to paths or bytes, not {type(files).__name__}")
    return {
        clean_text(name): bytes(each)
        if isinstance(each, (bytes, bytearray, memoryview))
        else read_file(each, subject=f"files[{name!r}]")
        for name, each in files.items()
    }


def _not_supported(subject: str) -> str:
    return f"{subject}: Object3D supports arrays and files of the types {_listed()}"


def _listed() -> str:
    return ", ".join(FORMATS)


def _find_companions(model: ModelFile, data: bytes, folder: str | None, given: Mapping[str, bytes]) -> None:
    model.files.update((name, keep(each)) for name, each in given.items())
    for name, inside in _named(model.format, data, folder, given):
        if name in model.files or name in model.missing:
            continue
        if len(model.files) + len(model.missing) >= COMPANIONS_LIMIT:
            model.missing.append(f"more than {COMPANIONS_LIMIT} files")
            return
        found = _read_beside(folder, inside, name, is_uri=model.format != "obj")
        if found is None:
            model.missing.append(name[:200])
        else:
            model.files[name] = keep(found)


def _named(
    file_format: str, data: bytes, folder: str | None, given: Mapping[str, bytes]
) -> Iterator[tuple[str, str]]:
    """(name as the file says it, sub-folder where it may lie) of each companion."""
    if file_format == "obj":
        for library in _obj_libraries(data):
            # A name may have spaces, and a line may have several names.
            names = [library]
            if library not in given and _read_beside(folder, "", library, is_uri=False) is None:
                names = library.split()
            for name in names:
                yield name, ""
                material = given.get(name) or _read_beside(folder, "", name, is_uri=False) or b""
                inside = os.path.dirname(name.replace("\\", "/"))
                for found in _MTL_TEXTURE.finditer(material):
                    yield _texture_name(found[1].decode("utf-8", "replace").strip()), inside
    elif file_format in ("gltf", "glb"):
        for uri in _gltf_uris(data if file_format == "gltf" else _glb_json(data)):
            yield clean_text(uri), ""
    elif file_format == "babylon":
        for found in _BABYLON_NAME.finditer(data):
            yield found[1].decode("utf-8", "replace"), ""


def _obj_libraries(data: bytes) -> Iterator[str]:
    at = -1
    for _ in range(COMPANIONS_LIMIT):
        at = data.find(b"mtllib", at + 1)
        if at < 0:
            return
        before = data[max(0, at - 64) : at].rpartition(b"\n")
        if (before[1] or at <= 64) and not before[2].strip():
            line = data[at + len(b"mtllib") : at + 4096].partition(b"\n")[0]
            name = line.decode("utf-8", "replace").strip()
            if name:
                yield name


def _texture_name(words: str) -> str:
    """The file of a texture statement: what follows its options ("-s 1 1 1 a name.png")."""
    while found := _MTL_OPTION.match(words):
        words = words[found.end() :]
    return words


class _Uri(msgspec.Struct):
    uri: str | None = None


class _Gltf(msgspec.Struct):
    buffers: list[_Uri] = []
    images: list[_Uri] = []


def _gltf_uris(data: bytes) -> list[str]:
    if len(data) > _JSON_LIMIT_BYTES:
        return []
    try:
        named = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Gltf)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return []  # The sidecar says what is wrong with it.
    uris = (each.uri for each in (*named.buffers, *named.images))
    return [uri for uri in uris if uri and not uri.startswith("data:")]


def _glb_json(data: bytes) -> bytes:
    is_glb = data[:4] == b"glTF" and data[16:20] == b"JSON"
    return data[20 : 20 + int.from_bytes(data[12:16], "little")] if is_glb else b""


def _read_beside(folder: str | None, inside: str, name: str, *, is_uri: bool) -> bytes | None:
    """The bytes of a companion; None if there is none or it lies elsewhere."""
    if folder is None:
        return None
    plain = (unquote(name) if is_uri else name).replace("\\", "/")
    candidates = [f"{inside}/{plain}" if inside else plain, plain]
    if _ABSOLUTE.match(plain):
        # A path of the machine where the file was made leads nowhere here; its last part may lie beside.
        candidates = [plain.rpartition("/")[2]]
    for candidate in dict.fromkeys(candidates):
        path = _path_below(folder, candidate)
        if path is None:
            continue
        try:
            return read_file(path, subject="the companion")
        except (OSError, ValueError):
            continue
    return None


def _path_below(folder: str, name: str) -> str | None:
    is_odd = not name or name.startswith("/") or ":" in name or "\0" in name or ".." in name.split("/")
    if is_odd:
        return None
    path = os.path.realpath(os.path.join(folder, name))
    home = os.path.realpath(folder)
    return path if os.path.commonpath([path, home]) == home else None
