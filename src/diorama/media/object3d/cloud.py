"""Point clouds as pages of binary columns: `PointCloud` says how they are laid out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.core.base import GetBlob, PutBlob
from diorama.media.core.scale import HAIR
from diorama.media.object3d.order import scattered_indices
from diorama.media.object3d.record import CloudColumn, PointCloud

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAGE_POINTS = 16_384
CLOUD_MIME = "application/vnd.diorama.cloud"
CATEGORY_LIMIT = 14
"""A fourth column of whole numbers from 0 to this is a category, as W&B's 1 to 14 are."""
COUNTED_CATEGORIES_LIMIT = 1000
_CHUNK_POINTS = 1 << 18


@dataclass(frozen=True)
class PointColumn:
    """A column before it is stored: some of the columns of an array, which others may share."""

    name: str
    table: NDArray[Any]
    start: int = 0
    components: int = 3

    @property
    def data(self) -> NDArray[Any]:
        return self.table[:, self.start : self.start + self.components]


def columns_from_points(points: NDArray[Any], fourth: str | None, has_labels: bool) -> list[PointColumn]:
    """The columns of an (n, 3), (n, 4) or (n, 6) array. fourth: "category", "value"; None: by its numbers."""
    columns = [PointColumn("position", points)]
    if points.shape[1] == 6:
        columns.append(PointColumn("color", points, 3))
    elif points.shape[1] == 4:
        limit = None if fourth == "category" or has_labels else CATEGORY_LIMIT
        is_category = fourth != "value" and _is_category(points[:, 3:], limit)
        columns.append(PointColumn("category" if is_category else "value", points, 3, 1))
    return columns


def store_cloud(
    columns: Sequence[PointColumn],
    put_blob: PutBlob,
    *,
    is_scattered: bool = True,
    shape: Sequence[int] | None = None,
    dtype: str | None = None,
    classes: tuple[dict[int, str], dict[int, str]] = ({}, {}),
) -> PointCloud:
    """Store columns as one blob. classes: names and colours of categories.
    Beside it and the columns themselves this needs little memory."""
    import numpy as np

    count = len(columns[0].data)
    # Wider numbers first, so that each column of a page is aligned.
    kinds = sorted(((each, _stored_dtype(each)) for each in columns), key=lambda pair: -pair[1].itemsize)
    point_bytes = sum(each.components * kind.itemsize for each, kind in kinds)
    tables = {id(each.table): each.table for each in columns}
    stored = bytearray(count * point_bytes)
    offset = 0
    for rows in _pages(count, is_scattered):
        # Whole rows at once: they lie all over the memory, and fetching them is what takes time.
        picked = {key: table.take(rows, axis=0) for key, table in tables.items()}
        for each, kind in kinds:
            size = (len(rows), each.components)
            page = np.frombuffer(stored, kind, size[0] * size[1], offset).reshape(size)
            page[...] = picked[id(each.table)][:, each.start : each.start + each.components]
            offset += page.nbytes
    low, high, non_finite = _extent(columns[0].data)
    return PointCloud(
        blob=put_blob(stored, CLOUD_MIME),
        count=count,
        page_points=PAGE_POINTS,
        columns=[_described(each, kind) for each, kind in kinds],
        order="scatter" if is_scattered else "logged",
        low=low,
        high=high,
        shape=None if shape is None else list(shape),
        dtype=dtype,
        non_finite=non_finite,
        class_labels=classes[0],
        class_colors=classes[1],
        class_counts=_class_counts(columns),
    )


def load_cloud(cloud: PointCloud, get_blob: GetBlob) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """The points as one array, in logged order, and its columns by name (views of it where it holds them)."""
    import numpy as np

    data = get_blob(cloud.blob)
    kinds = {each.name: np.dtype(each.dtype) for each in cloud.columns}
    if cloud.order not in ("scatter", "logged"):
        raise ValueError(f"the points are in an order that this Diorama does not know: {cloud.order!r}")
    point_bytes = sum(each.components * kinds[each.name].itemsize for each in cloud.columns)
    if len(data) != cloud.count * point_bytes:
        raise ValueError(f"the points take {len(data)} bytes instead of {cloud.count * point_bytes}")
    points, columns = _room_for(cloud, kinds)
    offset = 0
    for rows in _pages(cloud.count, cloud.order == "scatter", cloud.page_points):
        for each in cloud.columns:
            size = (len(rows), each.components)
            page = np.frombuffer(data, kinds[each.name], size[0] * size[1], offset).reshape(size)
            columns[each.name][rows] = page
            offset += page.nbytes
    if points is None:
        beside = next((columns[name] for name in ("color", "category", "value") if name in columns), None)
        position = columns["position"]
        points = position if beside is None else np.hstack([position, beside.astype(position.dtype)])
    return points, columns


def _room_for(
    cloud: PointCloud, kinds: dict[str, Any]
) -> tuple[NDArray[Any] | None, dict[str, NDArray[Any]]]:
    import numpy as np

    if cloud.shape is None or cloud.dtype is None:
        return None, {
            each.name: np.empty((cloud.count, each.components), kinds[each.name]) for each in cloud.columns
        }
    points = np.empty(cloud.shape, cloud.dtype)
    return points, {
        each.name: points[:, :3] if each.name == "position" else points[:, 3:] for each in cloud.columns
    }


def _pages(count: int, is_scattered: bool, page_points: int = PAGE_POINTS) -> Iterator[NDArray[Any]]:
    import numpy as np

    if is_scattered:
        yield from scattered_indices(count, page_points)
        return
    for start in range(0, count, page_points):
        yield np.arange(start, min(start + page_points, count))


def _chunks(data: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(data), _CHUNK_POINTS):
        yield data[start : start + _CHUNK_POINTS]


def _stored_dtype(column: PointColumn) -> Any:
    """The narrowest dtype that holds a column exactly and that a browser can read."""
    import numpy as np

    kind = column.data.dtype
    if kind.kind == "b":
        return np.dtype("u1")
    if column.name in ("color", "category") and kind.kind == "f":
        span = _whole_span(column.data)
        if span is not None and (column.name == "category" or (span[0] >= 0 and span[1] <= 255)):
            return _integer_dtype(*span)
    if kind.kind == "f":
        return np.dtype("<f4" if kind.itemsize <= 4 else "<f8")
    if kind.itemsize == 8 or (column.name != "position" and kind.itemsize > 1):
        span = _whole_span(column.data)
        if span is not None:
            least = 4 if column.name == "position" else 1
            return _integer_dtype(*span, least_bytes=least)
    return kind.newbyteorder("<")


def _integer_dtype(low: int, high: int, *, least_bytes: int = 1) -> Any:
    import numpy as np

    for name in ("|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8"):
        limits = np.iinfo(name)
        if np.dtype(name).itemsize >= least_bytes and limits.min <= low and high <= limits.max:
            return np.dtype(name)
    raise ValueError(f"no integer holds both {low} and {high}")


def _whole_span(data: NDArray[Any]) -> tuple[int, int] | None:
    """The least and the greatest number if all are whole and at most 2**53 (or of an integer dtype)."""
    import numpy as np

    if not len(data):
        return (0, 0)
    low, high = [], []
    for chunk in _chunks(data):
        if chunk.dtype.kind == "f":
            limit = min(2.0**53, float(np.finfo(chunk.dtype).max))
            if not ((np.abs(chunk) <= limit) & (np.floor(chunk) == chunk)).all():
                return None
        low.append(int(chunk.min()))
        high.append(int(chunk.max()))
    return min(low), max(high)


def _is_category(data: NDArray[Any], limit: int | None) -> bool:
    span = _whole_span(data)
    if span is None:
        return False
    return max(map(abs, span)) < 1 << 31 if limit is None else span[0] >= 0 and span[1] <= limit


def _extent(
    positions: NDArray[Any],
) -> tuple[tuple[float, float, float], tuple[float, float, float], int]:
    """The box around all finite points, and how many are not finite."""
    import numpy as np

    lows, highs, non_finite = [], [], 0
    for chunk in _chunks(positions):
        if chunk.dtype.kind == "f":
            is_finite = np.isfinite(chunk).all(axis=1)
            if not is_finite.all():
                non_finite += int(len(chunk) - np.count_nonzero(is_finite))
                chunk = chunk[is_finite]
        if len(chunk):
            lows.append(chunk.min(axis=0))
            highs.append(chunk.max(axis=0))
    if not lows:
        return (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), non_finite
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return _triple(low), _triple(high), non_finite


def _triple(row: NDArray[Any]) -> tuple[float, float, float]:
    return (float(row[0]), float(row[1]), float(row[2]))


def _described(column: PointColumn, kind: Any) -> CloudColumn:
    import numpy as np

    low = high = None
    for chunk in _chunks(column.data) if column.name != "position" else ():
        finite = chunk[np.isfinite(chunk)] if chunk.dtype.kind == "f" else chunk
        if finite.size:
            least, greatest = float(finite.min()), float(finite.max())
            low = least if low is None else min(low, least)
            high = greatest if high is None else max(high, greatest)
    if column.name == "color":
        scale = _color_scale(column, high)
        limit = 255 / scale
        out_of_range = sum(
            int(np.count_nonzero((chunk < 0) | (chunk > limit))) for chunk in _chunks(column.data)
        )
        return CloudColumn(name="color", dtype=kind.str, components=3, scale=scale, out_of_range=out_of_range)
    return CloudColumn(name=column.name, dtype=kind.str, components=column.components, low=low, high=high)


def _color_scale(column: PointColumn, high: float | None) -> float:
    """What makes 0..255 of a colour. What most numbers say counts, not the one that lies furthest out."""
    import numpy as np

    dtype = column.data.dtype
    if high is None or dtype == np.uint8:
        return 1.0
    if high <= 1 + HAIR or (dtype.kind == "f" and _are_fractions(column)):
        return 255.0
    if high <= 255:
        return 1.0
    if dtype == np.uint16:
        return 1 / 257
    over = sum(int(np.count_nonzero(chunk > 255 + 255 * HAIR)) for chunk in _chunks(column.data))
    lit = sum(int(np.count_nonzero(chunk > 0)) for chunk in _chunks(column.data))
    return 1 / 257 if 2 * over > lit else 1.0


def _are_fractions(column: PointColumn) -> bool:
    """Whether more numbers lie between 0 and 1 than beyond."""
    import numpy as np

    within = beyond = 0
    for chunk in _chunks(column.data):
        within += int(np.count_nonzero((chunk > 0) & (chunk < 1)))
        beyond += int(np.count_nonzero(chunk > 1))
    return within > beyond


def _class_counts(columns: Sequence[PointColumn]) -> dict[int, int]:
    import numpy as np

    counts: dict[int, int] = {}
    for column in columns:
        if column.name != "category":
            continue
        for chunk in _chunks(column.data):
            for category, count in zip(*np.unique(chunk, return_counts=True), strict=True):
                counts[int(category)] = counts.get(int(category), 0) + int(count)
            if len(counts) > COUNTED_CATEGORIES_LIMIT:
                return {}
    return counts
