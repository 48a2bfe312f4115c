"""Files of 3D things, and the files beside them that they name: textures, materials, buffers.

Runs in the training process, so nothing is decoded here but the names of companions, which are looked for
piece by piece in the copy of the file: no large one is in memory as a whole. A companion is looked for in the
file's own folder and below it only: no URL, no absolute path, no "..", no link that leads out.
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

from diorama.media.core.extent import pieces_of
from diorama.media.core.keep import Kept, keep
from diorama.media.core.user_file import keep_file, keep_stream, rewound
from diorama.model import clean_text

FORMATS = ("obj", "gltf", "glb", "babylon", "stl", "pts.json", "ply", "pcd", "splat")
COMPANIONS_LIMIT = 1000
_JSON_LIMIT_BYTES = 8 << 20
"""A larger glTF is searched for what looks like the name of a file."""
_PIECE_BYTES = 1 << 20
_EDGE_BYTES = 8192
"""What a name and the words around it take at most."""

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
_GLTF_URI = re.compile(rb'"uri"\s{0,100}:\s{0,100}("(?:[^"\\]|\\.){1,4000}")')


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


def model_from_path(path: Any, file_type: Any, given: Mapping[str, Kept]) -> ModelFile:
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
    source = keep_file(name, subject="the 3D file")
    model = ModelFile(file_format, source.name, source.kept)
    _find_companions(model, os.path.dirname(name) or os.curdir, given)
    return model


def model_from_stream(stream: Any, file_type: Any, given: Mapping[str, Kept]) -> ModelFile:
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
    _find_companions(model, None, given)
    return model


def model_from_bytes(data: Any, file_type: Any, given: Mapping[str, Kept]) -> ModelFile:
    return model_from_stream(io.BytesIO(data), file_type, given)


def checked_companions(files: Any) -> dict[str, Kept]:
    """The companions that a user hands over: {name: path or bytes}. Raises as reading a file does."""
    if files is None:
        return {}
    if not isinstance(files, Mapping) or not all(isinstance(name, str) for name in files):
        raise TypeError(f"files must be a dict of names to paths or bytes, not {type(files).__name__}")
    return {
        clean_text(name): keep(each)
        if isinstance(each, (bytes, bytearray, memoryview))
        else keep_file(each, subject=f"files[{name!r}]").kept
        for name, each in files.items()
    }


def _not_supported(subject: str) -> str:
    return f"{subject}: Object3D supports arrays and files of the types {_listed()}"


def _listed() -> str:
    return ", ".join(FORMATS)


def _find_companions(model: ModelFile, folder: str | None, given: Mapping[str, Kept]) -> None:
    model.files.update(given)
    for name, inside in _named(model, folder, given):
        if name in model.files or name in model.missing:
            continue
        if len(model.files) + len(model.missing) >= COMPANIONS_LIMIT:
            model.missing.append(f"more than {COMPANIONS_LIMIT} files")
            return
        found = _keep_beside(folder, inside, name, is_uri=model.format != "obj")
        if found is None:
            model.missing.append(name[:200])
        else:
            model.files[name] = found


def _named(model: ModelFile, folder: str | None, given: Mapping[str, Kept]) -> Iterator[tuple[str, str]]:
    """(name as the file says it, sub-folder where it may lie) of each companion."""
    if model.format == "obj":
        for library in _obj_libraries(model.kept):
            # A name may have spaces, and a line may have several names.
            names = [library]
            if library not in given and not any(_paths_beside(folder, "", library, is_uri=False)):
                names = library.split()
            for name in names:
                yield name, ""
                material = model.files.get(name)  # whoever asks for names has looked for it by now
                inside = os.path.dirname(name.replace("\\", "/"))
                for found in _MTL_TEXTURE.finditer(material.read() if material is not None else b""):
                    yield _texture_name(found[1].decode("utf-8", "replace").strip()), inside
    elif model.format in ("gltf", "glb"):
        for uri in _gltf_uris(model.kept) if model.format == "gltf" else _glb_uris(model.kept):
            yield clean_text(uri), ""
    elif model.format == "babylon":
        for text, start, stop in _windows(model.kept):
            for found in _BABYLON_NAME.finditer(text, start):
                if found.start() < stop:
                    yield found[1].decode("utf-8", "replace"), ""


def _windows(kept: Kept) -> Iterator[tuple[bytes, int, int]]:
    """(bytes, start, stop): pieces that overlap. What begins at `start` or later, and before `stop`, is to be
    looked at in this piece; there are enough bytes on both sides of it."""
    text, start = b"", 0
    for piece in pieces_of(kept.source(), _PIECE_BYTES):
        text += piece.tobytes()
        stop = len(text) - _EDGE_BYTES
        if stop > start:
            yield text, start, stop
            cut = max(0, stop - _EDGE_BYTES)
            text, start = text[cut:], stop - cut
    yield text, start, len(text)


def _obj_libraries(kept: Kept) -> Iterator[str]:
    count = 0
    for text, start, stop in _windows(kept):
        at = text.find(b"mtllib", start)
        while 0 <= at < stop and count < COMPANIONS_LIMIT:
            count += 1
            before = text[max(0, at - 64) : at].rpartition(b"\n")
            if (before[1] or at <= 64) and not before[2].strip():
                line = text[at + len(b"mtllib") : at + 4096].partition(b"\n")[0]
                name = line.decode("utf-8", "replace").strip()
                if name:
                    yield name
            at = text.find(b"mtllib", at + 1)


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


def _gltf_uris(kept: Kept) -> Iterator[str]:
    if kept.size_bytes <= _JSON_LIMIT_BYTES:
        return _uris_in(kept.head(_JSON_LIMIT_BYTES))
    return _uris_like(kept)


def _glb_uris(kept: Kept) -> Iterator[str]:
    head = kept.head(20)
    size_bytes = int.from_bytes(head[12:16], "little")
    if head[:4] != b"glTF" or head[16:20] != b"JSON":
        return iter(())
    if size_bytes <= _JSON_LIMIT_BYTES:
        return _uris_in(kept.head(20 + size_bytes)[20:])
    return _uris_like(kept)


def _uris_in(data: bytes) -> Iterator[str]:
    try:
        named = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Gltf)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return  # The sidecar says what is wrong with it.
    for each in (*named.buffers, *named.images):
        if each.uri and not each.uri.startswith("data:"):
            yield each.uri


def _uris_like(kept: Kept) -> Iterator[str]:
    for text, start, stop in _windows(kept):
        for found in _GLTF_URI.finditer(text, start):
            if found.start() >= stop:
                break
            try:
                uri = msgspec.json.decode(found[1], type=str)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if not uri.startswith("data:"):
                yield uri


def _keep_beside(folder: str | None, inside: str, name: str, *, is_uri: bool) -> Kept | None:
    """A companion; None if there is none or it lies elsewhere."""
    for path in _paths_beside(folder, inside, name, is_uri=is_uri):
        try:
            return keep_file(path, subject="the companion").kept
        except (OSError, ValueError):
            continue
    return None


def _paths_beside(folder: str | None, inside: str, name: str, *, is_uri: bool) -> Iterator[str]:
    """Where a companion lies, or may lie."""
    if folder is None:
        return
    plain = (unquote(name) if is_uri else name).replace("\\", "/")
    candidates = [f"{inside}/{plain}" if inside else plain, plain]
    if _ABSOLUTE.match(plain):
        # A path of the machine where the file was made leads nowhere here; its last part may lie beside.
        candidates = [plain.rpartition("/")[2]]
    for candidate in dict.fromkeys(candidates):
        path = _path_below(folder, candidate)
        if path is not None and os.path.isfile(path):
            yield path


def _path_below(folder: str, name: str) -> str | None:
    is_odd = not name or name.startswith("/") or ":" in name or "\0" in name or ".." in name.split("/")
    if is_odd:
        return None
    path = os.path.realpath(os.path.join(folder, name))
    home = os.path.realpath(folder)
    return path if os.path.commonpath([path, home]) == home else None
