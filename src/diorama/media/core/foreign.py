"""Values of other libraries, recognised by qualified class name without importing those libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

Family = Literal["array", "scalar", "torch", "host", "cupy", "pillow", "figure", "axes"]
"""array: numpy; scalar: one numpy number; torch: channels-first; host: JAX, TensorFlow, MLX, pandas
(numpy can read them); cupy: on a GPU; pillow: a PIL image; figure, axes: matplotlib."""

_BY_NAME: dict[str, Family] = {
    "numpy.ndarray": "array",
    "numpy.generic": "scalar",
    "torch.Tensor": "torch",
    "jax.Array": "host",
    "cupy.ndarray": "cupy",
    "PIL.Image.Image": "pillow",
    "matplotlib.figure.FigureBase": "figure",
    "matplotlib.figure.Figure": "figure",
    "matplotlib.axes._base._AxesBase": "axes",
    "matplotlib.axes._axes.Axes": "axes",
    "seaborn.axisgrid.Grid": "axes",
    "pandas.core.series.Series": "host",
    "pandas.Series": "host",
    "polars.series.series.Series": "host",
}
_HOST_ARRAYS = {"jax": "ArrayImpl", "jaxlib": "ArrayImpl", "tensorflow": "Tensor", "mlx": "array"}


class Refusal(NamedTuple):
    """Why a value did not become the kind of media that adopts it. It is kept as text."""

    kind: str
    reason: str


_remembered: dict[type, Family | None] = {}


def family_of(cls: type) -> Family | None:
    """The family of a class, or None for one that is not foreign."""
    if cls not in _remembered:
        _remembered[cls] = _find_family(cls)
    return _remembered[cls]


def _find_family(cls: type) -> Family | None:
    for base in cls.__mro__:
        module = str(base.__module__)
        family = _BY_NAME.get(f"{module}.{base.__qualname__}")
        if family is not None:
            return family
        package = module.partition(".")[0]
        if package == "ml_dtypes":
            return "scalar"
        if package == "cupy" and base.__qualname__ == "ndarray":
            return "cupy"
        ending = _HOST_ARRAYS.get(package)
        if ending is not None and base.__qualname__.endswith(ending):
            return "host"
        if package == "tensorflow" and base.__qualname__.endswith("Variable"):
            return "host"
    return None


def array_from(value: Any) -> NDArray[Any]:
    """A numpy array of `value`, sharing its memory where that is possible.

    Accepts numpy arrays, torch tensors (any device, layout and dtype, with or without gradient), JAX,
    TensorFlow, MLX and CuPy arrays, anything with `__array__`, and nested lists of numbers. Number
    types that numpy lacks (bfloat16, float8, int4) come back as float32 or int8, which hold them exactly.
    What a masked array hides comes back as NaN (or None beside what are no numbers), never as the number that
    lies under the mask.
    """
    import numpy as np

    family = family_of(type(value))
    if family == "array" and type(value) is np.ndarray:
        array: NDArray[Any] = value
    elif isinstance(value, np.ma.MaskedArray):
        array = _without_masked(value)
    elif family == "torch":
        array = _array_from_torch(value)
    elif family == "cupy":
        array = value.get()
    else:
        if isinstance(value, (list, tuple)) and any(isinstance(item, np.ma.MaskedArray) for item in value):
            value = [array_from(item) for item in value]
        array = np.asarray(value)
    return widen(array) if array.dtype.kind == "V" else array


def is_masked(value: Any) -> bool:
    """Whether a numpy array hides some of its values."""
    import numpy as np

    return isinstance(value, np.ma.MaskedArray) and bool(np.ma.is_masked(value))


def _without_masked(array: Any) -> NDArray[Any]:
    import numpy as np

    if not np.ma.is_masked(array):
        return np.asarray(array.data)
    if array.dtype.kind not in "buif":
        missing = np.array("NaT", array.dtype) if array.dtype.kind in "mM" else None
        return np.asarray((array if missing is not None else array.astype(object)).filled(missing))
    is_wide = array.dtype.kind in "ui" and array.dtype.itemsize > 2
    floats = array if array.dtype.kind == "f" else array.astype(np.float64 if is_wide else np.float32)
    return np.asarray(floats.filled(np.nan))


def without_leading_ones(array: NDArray[Any], ndim: int) -> NDArray[Any]:
    """The array without axes of size 1 in front, as long as it has more than `ndim`."""
    while array.ndim > ndim and array.shape[0] == 1:
        array = array[0]
    return array


def without_axes_of_one(array: NDArray[Any], ndim: int) -> NDArray[Any]:
    """The array without axes of size 1, wherever they are, as long as it has more than `ndim`."""
    while array.ndim > ndim and 1 in array.shape:
        array = array.squeeze(axis=array.shape.index(1))
    return array


def widen(array: NDArray[Any]) -> NDArray[Any]:
    """An array whose dtype plain numpy knows; ml_dtypes numbers are widened without loss."""
    name = array.dtype.name
    if "float" in name:
        return array.astype("float32")
    if name.startswith(("int", "uint")):
        return array.astype("int8" if name.startswith("int") else "uint8")
    return array


def _array_from_torch(tensor: Any) -> NDArray[Any]:
    dtype = str(tensor.dtype)
    if "bfloat16" in dtype or "float8" in dtype:
        tensor = tensor.float()
    if "quint" in dtype or "qint" in dtype:
        tensor = tensor.dequantize()
    tensor = tensor.detach().cpu()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    array: NDArray[Any] = tensor.resolve_conj().resolve_neg().numpy()
    return array


def figure_from(value: Any) -> Any | None:
    """The matplotlib figure of a figure, sub-figure, axes or the pyplot module; None for others."""
    if getattr(value, "__name__", None) == "matplotlib.pyplot":
        return value.gcf()
    family = family_of(type(value))
    if family not in ("figure", "axes"):
        return None
    while not hasattr(value, "savefig"):
        value = value.figure
    return value


_FIELD_MARKS = ("__dataclass_fields__", "__attrs_attrs__", "__pydantic_fields__")
"""Where classes list their fields: names as keys, or objects with a `name`."""
_NAMESPACES = frozenset({"argparse.Namespace", "types.SimpleNamespace"})


def has_fields(cls: type) -> bool:
    """Whether objects of a class are nothing but named values."""
    return any(hasattr(cls, mark) for mark in _FIELD_MARKS) or any(
        f"{each.__module__}.{each.__qualname__}" in _NAMESPACES for each in cls.__mro__
    )


def fields_of(value: Any) -> dict[str, Any] | None:
    """Field names to values of a dataclass, a Namespace, an attrs or a pydantic object; None for others."""
    cls = type(value)
    if not has_fields(cls):
        return None
    for mark in _FIELD_MARKS:
        fields = getattr(cls, mark, None)
        if fields is not None:
            names = [each if isinstance(each, str) else each.name for each in fields]
            return {name: getattr(value, name) for name in names if hasattr(value, name)}
    return dict(vars(value))
