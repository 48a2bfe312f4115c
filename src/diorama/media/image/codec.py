"""From the snapshot of an image to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.extent import Data
from diorama.media.core.limited import DecodeError, run_limited
from diorama.media.image.formats import MIMES
from diorama.media.image.original import OriginalValues, keep_original
from diorama.media.image.overlays.layers import BoxLayer, KeypointLayer, PolygonLayer
from diorama.media.image.overlays.masks import encode_mask
from diorama.media.image.picture import numbers_of, pixels_from_picture
from diorama.media.image.pixels import Pixels, convert_pixels, drawn_pixels
from diorama.media.image.record import ImageRecord
from diorama.media.image.rendition import needs_thumbnail, thumbnail_from_pixels, write_picture

NOTE_LIMIT = 300


def render_pixels(
    picture: Mapping[str, Any],
    data: bytes | memoryview,
    mode: str | None,
    normalize: bool | str,
    file_type: str = "png",
) -> Pixels:
    """The pixels in the wanted mode. 16 bits stay where they are asked for or the file can hold them."""
    if picture["form"] == "file" and picture["is_final"]:
        mode = None
    bits = 16 if mode == "I;16" else None if mode in (None, "I", "F") and file_type == "png" else 8
    pixels = pixels_from_picture(picture, data, normalize=normalize, bits=bits)
    return pixels if mode is None else convert_pixels(pixels, mode)


def encode(snapshot: Snapshot, put_blob: PutBlob) -> ImageRecord:
    """The record of an image, its blobs stored: picture, thumbnail, original values, masks."""
    header = snapshot.header
    picture, kept = header["picture"], snapshot.buffers[0]
    if picture["form"] == "file" and picture["is_final"]:
        record = _encode_file(header, kept.source(), put_blob)
    else:
        record = _encode_pixels(header, kept.read(), put_blob)
    classes, colors = header.get("classes", {}), header.get("class_colors", {})
    masks = zip(header.get("masks", {}).items(), snapshot.buffers[1:], strict=True)
    return msgspec.structs.replace(
        record,
        caption=header["caption"],
        sample_id=header["sample_id"],
        grouping=header["grouping"],
        classes=classes,
        class_colors=colors,
        masks={
            name: encode_mask(mask, kept.read(), classes, put_blob, colors) for (name, mask), kept in masks
        },
        boxes=msgspec.convert(header.get("boxes", {}), dict[str, BoxLayer]),
        polygons=msgspec.convert(header.get("polygons", {}), dict[str, PolygonLayer]),
        keypoints=msgspec.convert(header.get("keypoints", {}), dict[str, KeypointLayer]),
    )


def _encode_pixels(header: Mapping[str, Any], data: bytes | memoryview, put_blob: PutBlob) -> ImageRecord:
    picture, file_type = header["picture"], header["file_type"]
    pixels = render_pixels(picture, data, header["mode"], header["normalize"], file_type)
    written, stored = write_picture(pixels, file_type)
    width, height = header["width"], header["height"]
    original = None
    if picture["form"] == "array" and header.get("keep_original", True):
        original = keep_original(
            numbers_of(picture, data),
            None if file_type == "jpg" or stored.mode == "P" else stored.array,
            put_blob,
        )
    is_as_logged = stored.mode == "I;16" and pixels.normalized == "none"
    drawn = drawn_pixels(stored.array) if is_as_logged else None
    has_thumbnail = needs_thumbnail(width, height, len(written))
    return ImageRecord(
        blob=put_blob(written, MIMES[file_type]),
        thumbnail=put_blob(thumbnail_from_pixels(drawn or stored), MIMES["webp"]) if has_thumbnail else None,
        width=width,
        height=height,
        format=file_type,
        mode=stored.mode,
        normalized=pixels.normalized,
        non_finite=pixels.non_finite,
        out_of_range=pixels.out_of_range,
        preview=put_blob(write_picture(drawn, "png")[0], MIMES["png"]) if drawn else None,
        shown_range=(drawn or pixels).shown_range,
        original=original,
    )


def _encode_file(header: Mapping[str, Any], data: Data, put_blob: PutBlob) -> ImageRecord:
    picture = header["picture"]
    record = ImageRecord(
        blob=put_blob(data, MIMES[picture["format"]]),
        width=header["width"],
        height=header["height"],
        format=picture["format"],
        mode=picture.get("mode", "RGB"),  # journals of older versions don't say
    )
    task = {"width": record.width, "height": record.height, "normalize": header["normalize"]}
    try:
        found = run_limited("diorama.media.image.facts:inspect", task, data)
    except DecodeError as error:
        return msgspec.structs.replace(record, note=_note_of(error))
    thumbnail, preview = found.get("thumbnail"), found.get("preview")
    return msgspec.structs.replace(
        record,
        mode=found["mode"],
        thumbnail=put_blob(thumbnail, MIMES["webp"]) if thumbnail is not None else None,
        preview=put_blob(preview, MIMES["png"]) if preview is not None else None,
        normalized=found.get("normalized", "none"),
        non_finite=found.get("non_finite", 0),
        out_of_range=found.get("out_of_range", 0),
        shown_range=tuple(found["shown_range"]) if found.get("shown_range") else None,
        original=_original_of(found["original"], put_blob) if "original" in found else None,
    )


def _original_of(fields: dict[str, Any], put_blob: PutBlob) -> OriginalValues:
    data, mime = fields.pop("data", None), fields.pop("mime", "")
    blob = put_blob(data, mime) if data is not None else None
    return OriginalValues(**fields, blob=blob)


def _note_of(error: DecodeError) -> str:
    """What a decoder said, for people: without the name of its exception's class."""
    text = str(error)
    name, _, rest = text.partition(": ")
    plain = rest if name.isidentifier() and rest else text
    if plain.startswith("too large to preview"):
        return plain[:NOTE_LIMIT]
    return f"the picture can't be decoded: {plain}"[:NOTE_LIMIT]


def warnings_of(record: ImageRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of values) of what could not be kept as it was given."""
    warnings = []
    if record.non_finite:
        warnings.append(("image.non_finite", "a value of an image is NaN or infinite", record.non_finite))
    # A rule that was found by itself clips less than one grey value: counted, but no reason to worry anybody.
    if record.out_of_range and record.shown_range:
        text = "a value of an image lies outside the range that is shown"
        warnings.append(("image.clipped", text, record.out_of_range))
    if record.note:
        warnings.append(("image.note", f"an image's file is kept, but {record.note}", 1))
    for layer in record.masks.values():
        if layer.note:
            warnings.append(("image.mask", f"a mask's file is kept, but {layer.note}", 1))
    return warnings
