"""What a CIF says: of small molecules and crystals (`_atom_site_label`), of proteins (`_atom_site.id`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TOKEN = re.compile(
    r"""^;.*?(?:^;|\Z)          # a text of several lines
      | \#[^\n]*
      | '(?:[^'\n]|'(?=\S))*(?:'|$)
      | "(?:[^"\n]|"(?=\S))*(?:"|$)
      | \S+""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_SITE = re.compile(r"_atom_site[._](?:id|label|type_symbol|fract_x|cartn_x)")
_TITLES = (
    "_struct.title",
    "_chemical_name_common",
    "_chemical_name_mineral",
    "_chemical_name_systematic",
    "_chemical_name.common",
    "_chemical_name.systematic",
    "_publ_section_title",
)
_FORMULAS = ("_chemical_formula_sum", "_chemical_formula.sum")
_UNKNOWN = frozenset({"", "?", "."})


def facts_of_cif(text: str) -> dict[str, Any]:
    """Title, sum formula, atoms of the first model, models; of the first block that has atoms."""
    single: dict[str, str] = {}
    block = ""
    atoms = 0
    models: set[str] = set()
    blocks = 0
    tokens = _tokens(text)
    token = next(tokens, None)
    while token is not None:
        word = token.lower()
        if word == "loop_":
            tags, token = _tags(tokens)
            is_sites = any(_SITE.fullmatch(tag) for tag in tags)
            count, seen, token = _rows(tags, token, tokens, is_counted=is_sites and not atoms)
            blocks += is_sites
            if is_sites and not atoms:
                atoms, models = count, seen
            continue
        if word.startswith("data_"):
            block = block or token[5:]
        elif word.startswith("_"):
            value = next(tokens, None)
            if value is not None and word in _TITLES + _FORMULAS:
                single.setdefault(word, _unquoted(value))
        token = next(tokens, None)
    title = next((single[name] for name in _TITLES if single.get(name, "") not in _UNKNOWN), block)
    formula = next((single[name] for name in _FORMULAS if single.get(name, "") not in _UNKNOWN), None)
    return {
        "title": title,
        "formula": None if formula is None else "".join(formula.split())[:200],
        "atom_count": atoms,
        "molecule_count": max(len(models), blocks, 1),
    }


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        token = found[0]
        if not token.startswith("#"):
            yield token


def _tags(tokens: Iterator[str]) -> tuple[list[str], str | None]:
    """The column names of a loop, and the token behind them."""
    tags: list[str] = []
    for token in tokens:
        if not token.startswith("_"):
            return tags, token
        tags.append(token.lower())
    return tags, None


def _rows(
    tags: list[str], token: str | None, tokens: Iterator[str], *, is_counted: bool
) -> tuple[int, set[str], str | None]:
    """(rows of the first model, names of all models, the token behind the loop)."""
    at = tags.index("_atom_site.pdbx_pdb_model_num") if "_atom_site.pdbx_pdb_model_num" in tags else None
    values = first = 0
    models: set[str] = set()
    first_name = ""
    while token is not None and not _is_keyword(token):
        if is_counted:
            column = values % len(tags) if tags else 0
            if column == at:
                first_name = first_name or token
                models.add(token)
                first += token == first_name
            values += 1
        token = next(tokens, None)
    rows = values // len(tags) if tags else 0
    return (rows if at is None else first), models, token


def _is_keyword(token: str) -> bool:
    return (
        token[0] == "_"
        or (token[-1] == "_" and token.lower() == "loop_")
        or token[:5].lower() in ("data_", "save_")
    )


def _unquoted(token: str) -> str:
    if token[0] == ";":
        return token.strip(";").strip()
    return token[1:-1] if len(token) > 1 and token[0] in "'\"" and token[-1] == token[0] else token
