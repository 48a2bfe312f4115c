"""The numbers of an image as they were logged, kept beside a picture that shows less of them.

A picture has 8 bits a channel; a depth map, a CT slice or a radiance map has more. What the picture's own
numbers tell exactly is not stored again: `form` says how to get the values from it.
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from diorama.media.image.formats import check_pixel_count
from diorama.media.image.header import npy_header
from diorama.media.image.pixels import range_of
from diorama.model import BlobRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diorama.media.core.base import PutBlob

NPY_MIME = "application/x-npy"
GZIP_MIME = "application/gzip"
GZIP_MAGIC = b"\x1f\x8b"
_SAMPLE_BYTES = 64 * 1024
_COMPRESSED_BELOW = 0.75
"""A blob that would shrink less is not compressed: noise costs time and saves nothing."""
_HEADER_BYTES = 64 * 1024


class OriginalValues(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The values of an image as they were logged.

    form "npy": in `blob`, a .npy file, perhaps packed with gzip (it then begins with 1f 8b).
    form "picture": they are the picture's own numbers, as `dtype`. form "unit": those divided by 255.
    dtype: numpy's name ("<f4"). shape: (H, W) or (H, W, C).
    low, high: least and greatest finite value; low_percentile, high_percentile: the 1st and the 99th; None
    where no value is finite.
    """

    form: Literal["npy", "picture", "unit"]
    dtype: str
    shape: list[int]
    blob: BlobRef | None = None
    low: float | None = None
    high: float | None = None
    low_percentile: float | None = None
    high_percentile: float | None = None


def is_deep(dtype: Any) -> bool:
    """Whether numbers of this dtype may say more than 8 bits do."""
    return bool(dtype.itemsize > 1 or dtype.kind == "i")


def keep_original(
    array: NDArray[Any], picture: NDArray[Any] | None, put_blob: PutBlob
) -> OriginalValues | None:
    """The original of an array. picture: the pixels that were stored without loss, else None."""
    if not is_deep(array.dtype):
        return None
    form = _form_within(array, picture) if picture is not None else "npy"
    if form != "npy":
        return OriginalValues(form=form, **facts_of(array))
    data, mime = pack_npy(array)
    return OriginalValues(form="npy", blob=put_blob(data, mime), **facts_of(array))


def _form_within(array: NDArray[Any], picture: NDArray[Any]) -> Literal["npy", "picture", "unit"]:
    if picture.shape != array.shape:
        return "npy"
    if _is_same(picture.astype(array.dtype), array):
        return "picture"
    if array.dtype.kind == "f" and picture.dtype.itemsize == 1:
        # What torchvision's ToTensor and most data loaders make of an 8-bit picture.
        return "unit" if _is_same(_unit(picture, array.dtype), array) else "npy"
    return "npy"


def _unit(picture: NDArray[Any], dtype: Any) -> NDArray[Any]:
    values: NDArray[Any] = picture.astype(dtype) / dtype.type(255)
    return values.astype(dtype, copy=False)


def _is_same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Equal bit by bit: NaN is itself, and -0.0 is not 0.0."""
    import numpy as np

    if a.dtype.itemsize > 8:
        return False
    bits = f"u{a.dtype.itemsize}"
    return np.array_equal(np.ascontiguousarray(a).view(bits), np.ascontiguousarray(b).view(bits))


def facts_of(array: NDArray[Any]) -> dict[str, Any]:
    """dtype, shape and ranges of values, as fields of `OriginalValues`."""
    import numpy as np

    facts: dict[str, Any] = {"dtype": array.dtype.str, "shape": list(array.shape)}
    finite = array
    if array.dtype.kind == "f":
        is_finite = np.isfinite(array)
        finite = array if is_finite.all() else array[is_finite]
    if finite.size:
        facts["low"], facts["high"] = range_of(finite, "minmax")
        facts["low_percentile"], facts["high_percentile"] = range_of(finite, "percentile")
    return facts


def pack_npy(array: NDArray[Any]) -> tuple[bytes, str]:
    """(bytes, mime) of an array as a .npy file of little-endian numbers in C order, packed where that
    saves."""
    import numpy as np
    from numpy.lib import format as npy

    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": plain.dtype.str, "fortran_order": False, "shape": plain.shape})
    raw = plain.reshape(-1).view(np.uint8)
    file.write(raw.data)
    data = file.getvalue()
    middle = max(0, (raw.size - _SAMPLE_BYTES) // 2)
    sample = raw[middle : middle + _SAMPLE_BYTES].tobytes()
    if len(zlib.compress(sample, 1)) < _COMPRESSED_BELOW * len(sample):
        return gzip.compress(data, 1, mtime=0), GZIP_MIME
    return data, NPY_MIME


def unpack_original(
    original: OriginalValues, data: bytes | None, picture: NDArray[Any] | None
) -> NDArray[Any]:
    """The values. data: of the blob, for the form "npy"; picture: the picture's numbers, for the others.

    Raises ValueError for bytes that are not what the record says.
    """
    import numpy as np

    dtype, shape = np.dtype(original.dtype), tuple(original.shape)
    if dtype.hasobject:
        raise ValueError("the values are Python objects")
    if original.form != "npy":
        assert picture is not None
        values = picture.astype(dtype) if original.form == "picture" else _unit(picture, dtype)
    else:
        assert data is not None
        check_pixel_count(*shape[:2])
        if data[:2] == GZIP_MAGIC:
            room = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize + _HEADER_BYTES
            data = zlib.decompressobj(31).decompress(data, room)
        values = array_from_npy(data).astype(dtype, copy=False)
    if values.shape != shape:
        raise ValueError(f"the values have shape {list(values.shape)}, the record says {list(shape)}")
    return values


def array_from_npy(data: bytes | memoryview) -> NDArray[Any]:
    """The array of a .npy file, (H, W) or (H, W, C), never unpickled. Raises ValueError for a broken one."""
    import numpy as np

    shape, dtype, is_fortran, start = npy_header(memoryview(data))
    check_pixel_count(*shape[:2])
    count = int(np.prod(shape, dtype=np.int64))
    if len(data) - start < count * dtype.itemsize:
        raise ValueError(
            f"the file is cut short: {len(data) - start:,} of {count * dtype.itemsize:,} bytes of numbers"
        )
    array: NDArray[Any] = np.frombuffer(data, dtype, count, start)
    array = array.reshape(shape[::-1]).transpose() if is_fortran else array.reshape(shape)
    return array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
