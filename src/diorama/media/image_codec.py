"""An image's snapshot becomes a record and blobs, and a record becomes arrays again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from diorama.media.base import GetBlob, PutBlob, Snapshot
from diorama.media.boxes import boxes_as_given
from diorama.media.formats import DECODE_ERRORS, MIMES, UNDRAWABLE, open_picture, upright_size
from diorama.media.image_record import ImageRecord, LoadedImage
from diorama.media.masks import encode_mask
from diorama.media.overlays import BoxLayer
from diorama.media.picture import pixels_from_picture
from diorama.media.pixels import Pixels, convert_pixels
from diorama.media.rendition import needs_thumbnail, thumbnail_from_file, thumbnail_from_pixels, write_picture


def render_pixels(
    picture: Mapping[str, Any], data: bytes | memoryview, mode: str | None, normalize: bool
) -> Pixels:
    if picture["form"] == "file" and picture["is_final"]:
        mode = None
    pixels = pixels_from_picture(picture, data, normalize=normalize, is_deep=mode == "I;16")
    return pixels if mode is None else convert_pixels(pixels, mode)


def encode(snapshot: Snapshot, put_blob: PutBlob) -> ImageRecord:
    """The record of an image, its blobs stored: picture, thumbnail, masks."""
    header = snapshot.header
    picture, data = header["picture"], snapshot.buffers[0].read()
    if picture["form"] == "file" and picture["is_final"]:
        record = _encode_file(picture["format"], data, put_blob)
    else:
        record = _encode_pixels(
            render_pixels(picture, data, header["mode"], header["normalize"]), header, put_blob
        )
    classes = header.get("classes", {})
    masks = zip(header.get("masks", {}).items(), snapshot.buffers[1:], strict=True)
    return msgspec.structs.replace(
        record,
        caption=header["caption"],
        sample_id=header["sample_id"],
        grouping=header["grouping"],
        classes=classes,
        masks={name: encode_mask(mask, kept.read(), classes, put_blob) for (name, mask), kept in masks},
        boxes=msgspec.convert(header.get("boxes", {}), dict[str, BoxLayer]),
    )


def _encode_pixels(pixels: Pixels, header: Mapping[str, Any], put_blob: PutBlob) -> ImageRecord:
    data, stored = write_picture(pixels, header["file_type"])
    width, height = header["width"], header["height"]
    has_thumbnail = needs_thumbnail(width, height, len(data))
    return ImageRecord(
        blob=put_blob(data, MIMES[header["file_type"]]),
        thumbnail=put_blob(thumbnail_from_pixels(stored), MIMES["webp"]) if has_thumbnail else None,
        width=width,
        height=height,
        format=header["file_type"],
        mode=stored.mode,
        normalized=pixels.normalized,
        non_finite=pixels.non_finite,
        out_of_range=pixels.out_of_range,
    )


def _encode_file(file_format: str, data: bytes | memoryview, put_blob: PutBlob) -> ImageRecord:
    image, _ = open_picture(data, "the picture")
    width, height = upright_size(image)
    mode, thumbnail, preview = image.mode, None, None
    pixels = _decoded(data) if file_format in UNDRAWABLE else None
    if pixels is not None:
        preview = write_picture(pixels, "png")[0]
        thumbnail = thumbnail_from_pixels(pixels)
    elif needs_thumbnail(width, height, len(data)):
        thumbnail = thumbnail_from_file(image)
    return ImageRecord(
        blob=put_blob(data, MIMES[file_format]),
        thumbnail=put_blob(thumbnail, MIMES["webp"]) if thumbnail is not None else None,
        preview=put_blob(preview, MIMES["png"]) if preview is not None else None,
        width=width,
        height=height,
        format=file_format,
        mode=mode,
    )


def _decoded(data: bytes | memoryview) -> Pixels | None:
    try:
        return pixels_from_picture({"form": "file"}, data, normalize=True)
    except (*DECODE_ERRORS, MemoryError):
        return None


def warnings_of(record: ImageRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of values) of what could not be kept as it was given."""
    warnings = []
    if record.non_finite:
        warnings.append(("image.non_finite", "a value of an image is NaN or infinite", record.non_finite))
    if record.out_of_range:
        warnings.append(("image.clipped", "a value of an image was clipped to 0..255", record.out_of_range))
    return warnings


def decode(record: ImageRecord, get_blob: GetBlob) -> LoadedImage:
    """The pixels, masks and boxes of a record. Palettes come back as RGB or RGBA."""
    pixels = _load(get_blob(record.blob))
    if pixels.mode == "P":
        pixels = convert_pixels(pixels, "RGBA" if pixels.transparency else "RGB")
    return LoadedImage(
        array=pixels.array,
        caption=record.caption,
        masks={name: _load(get_blob(mask.blob)).array for name, mask in record.masks.items()},
        mask_labels={name: dict(mask.class_labels) for name, mask in record.masks.items()},
        boxes={name: boxes_as_given(layer) for name, layer in record.boxes.items()},
        classes=dict(record.classes),
    )


def _load(data: bytes) -> Pixels:
    return pixels_from_picture({"form": "file"}, data, normalize=True)
