"""The API's shapes as TypeScript: the UI's types are written by this module, never by hand.

Walks the msgspec structs of `service/views.py` and the media records. What holds for the output:
a struct is an `export interface`, a docstring is a comment, and a field is optional (`?:`) exactly
when it may be absent from the JSON (a default of a struct that omits defaults, or of a request).
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import msgspec
import msgspec.inspect as shapes

StructClass = type[msgspec.Struct]

_HEADER = """\
// Written by `python -m diorama.server.openapi --typescript`; do not edit.
// The shapes come from src/diorama/service/views.py and the media records in src/diorama/media/.
"""

_PLAIN: dict[type[shapes.Type], str] = {
    shapes.AnyType: "unknown",
    shapes.RawType: "unknown",
    shapes.NoneType: "null",
    shapes.BoolType: "boolean",
    shapes.IntType: "number",
    shapes.FloatType: "number",
    shapes.StrType: "string",
    shapes.BytesType: "string",
}


def structs_from_module(module: ModuleType) -> list[StructClass]:
    """The structs that `module` defines itself, in the order of their lines."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and value.__module__ == module.__name__
    ]


def typescript_from_structs(views: Iterable[StructClass], records: Iterable[StructClass]) -> str:
    """The whole of `schema.ts`: `views`, then `records` as the tagged union `MediaRecord`."""
    records = list(records)
    written: dict[str, str] = {}
    for struct in [*views, *records]:
        _write_struct(struct, written)
    union = " | ".join(struct.__name__ for struct in records)
    closing = (
        "/** Every kind of media, told apart by `kind`. */\n"
        f"export type MediaRecord = {union};\n\n"
        "/** What the server sends where JSON has no number: see the Python module `service.views`. */\n"
        "export interface SpecialNumber {\n  _number: string;\n}\n"
    )
    return "\n".join([_HEADER, *written.values(), closing])


def _write_struct(struct: StructClass, written: dict[str, str]) -> None:
    """Add `struct`, and first every struct that its fields name, to `written`."""
    if struct.__name__ in written:
        return
    shape = shapes.type_info(struct)
    assert isinstance(shape, shapes.StructType)
    for field in shape.fields:
        for inner in _structs_in(field.type):
            _write_struct(inner, written)
    comments = _field_comments(struct)
    may_omit = struct.__struct_config__.omit_defaults or shape.forbid_unknown_fields
    lines = [
        *_comment(inspect.cleandoc(struct.__doc__ or ""), indent=""),
        f"export interface {struct.__name__} {{",
    ]
    if shape.tag is not None:
        lines.append(f"  {shape.tag_field}: {json.dumps(shape.tag)};")
    for field in shape.fields:
        lines += _comment(comments.get(field.name, ""), indent="  ")
        mark = "?" if may_omit and not field.required else ""
        lines.append(f"  {field.encode_name}{mark}: {_type(field.type)};")
    written[struct.__name__] = "\n".join([*lines, "}", ""])


def _structs_in(shape: shapes.Type) -> list[StructClass]:
    """The structs that `shape` names directly or inside a list, tuple, dict or union."""
    if isinstance(shape, shapes.StructType):
        return [shape.cls]
    inner: tuple[shapes.Type, ...] = ()
    if isinstance(shape, (shapes.ListType, shapes.VarTupleType)):
        inner = (shape.item_type,)
    elif isinstance(shape, shapes.TupleType):
        inner = shape.item_types
    elif isinstance(shape, shapes.DictType):
        inner = (shape.value_type,)
    elif isinstance(shape, shapes.UnionType):
        inner = shape.types
    return [struct for item in inner for struct in _structs_in(item)]


def _type(shape: shapes.Type) -> str:
    if plain := _PLAIN.get(type(shape)):
        return plain
    if isinstance(shape, shapes.StructType):
        return shape.cls.__name__
    if isinstance(shape, shapes.LiteralType):
        return " | ".join(json.dumps(value) for value in _ordered(shape.values))
    if isinstance(shape, (shapes.ListType, shapes.VarTupleType)):
        item = _type(shape.item_type)
        return f"({item})[]" if " | " in item else f"{item}[]"
    if isinstance(shape, shapes.TupleType):
        return f"[{', '.join(_type(item) for item in shape.item_types)}]"
    if isinstance(shape, shapes.DictType):
        return f"Record<string, {_type(shape.value_type)}>"
    if isinstance(shape, shapes.UnionType):
        members = sorted(shape.types, key=lambda item: isinstance(item, shapes.NoneType))
        return " | ".join(_type(item) for item in members)
    raise TypeError(f"no TypeScript is known for {shape!r}")


def _ordered(values: tuple[Any, ...]) -> list[Any]:
    """msgspec keeps literals in a hash order; sort them so that the file is the same every time."""
    return sorted(values, key=str)


def _comment(text: str, *, indent: str) -> list[str]:
    lines = [line.rstrip().replace("*/", "* /") for line in text.splitlines()]
    if not lines:
        return []
    if len(lines) == 1:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def _field_comments(struct: StructClass) -> dict[str, str]:
    """The string that stands below a field is its comment; inherited fields have theirs too."""
    comments: dict[str, str] = {}
    for cls in reversed(struct.__mro__):
        if not issubclass(cls, msgspec.Struct) or cls is msgspec.Struct:
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, below in itertools.pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                comments[field.target.id] = inspect.cleandoc(below.value.value)
    return comments
