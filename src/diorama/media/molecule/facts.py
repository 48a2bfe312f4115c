"""What a molecule file says: its title, how many molecules and atoms it has. Runs in a worker.

`atom_count`, `bond_count` and `formula` are those of the first molecule or model of the file. Only what a
format states plainly is read; bonds that a viewer would guess from distances are not counted.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from diorama.media.core.extent import Data, view_of
from diorama.media.molecule.cif import facts_of_cif

Facts = dict[str, Any]
TITLE_LIMIT = 300
MMTF_ARRAY_LIMIT = 20_000_000
_MMTF_HEAD = struct.Struct(">iii")
_MMTF_RUN_LENGTH_CODECS = frozenset({6, 7, 8, 9})


def inspect(header: Mapping[str, Any], data: Data) -> Facts:
    """The facts of a file of `header["format"]`. Raises ValueError when no atom is found in it."""
    name, data = header["format"], view_of(data)
    if name == "mmtf":
        facts = _facts_of_mmtf(data)
    else:
        facts = _READERS[name](str(data, "utf-8", "replace"))
    if not facts.get("atom_count"):
        raise ValueError(f"no atoms were found in this {name} file")
    title = " ".join(str(facts.get("title") or "").split())
    return {**facts, "title": title[:TITLE_LIMIT] or None}


def formula_from(elements: Mapping[str, int]) -> str | None:
    """The sum formula in Hill's order: carbon, hydrogen, then the alphabet.

    >>> formula_from({"O": 1, "H": 6, "C": 2})
    'C2H6O'
    """
    if not elements or not all(re.fullmatch(r"[A-Z][a-z]?", name) for name in elements):
        return None
    first = ["C", "H"] if "C" in elements else []
    order = [name for name in first if name in elements] + sorted(set(elements) - set(first))
    return "".join(f"{name}{elements[name] if elements[name] > 1 else ''}" for name in order)


def _facts_of_pdb(text: str) -> Facts:
    atoms = models = 0
    is_first = True
    titles: dict[str, list[str]] = {"TITLE": [], "HEADER": [], "COMPND": []}
    for line in text.splitlines():
        record = line[:6].strip()
        if record in ("ATOM", "HETATM"):
            atoms += is_first
        elif record == "ENDMDL":
            is_first = False
        elif record == "MODEL":
            models += 1
        elif record in titles and len(titles[record]) < 10:
            titles[record].append(line[10:].strip())
    title = next((" ".join(lines) for lines in titles.values() if lines), "")
    return {"title": title, "atom_count": atoms, "molecule_count": max(1, models)}


def _facts_of_gro(text: str) -> Facts:
    lines = text.splitlines()
    title = lines[0].strip() if lines else ""
    atoms = frames = at = 0
    while at + 1 < len(lines) and lines[at + 1].strip().isdecimal():
        count = int(lines[at + 1])
        if at + 2 + count > len(lines) or not count:
            break
        atoms = atoms or count
        frames += 1
        at += count + 3
    return {"title": title, "atom_count": atoms, "molecule_count": frames}


def _facts_of_sdf(text: str) -> Facts:
    molecules = [part for part in re.split(r"^\$\$\$\$.*\n?", text, flags=re.MULTILINE) if part.strip()]
    lines = molecules[0].splitlines() if molecules else []
    if len(lines) < 4:
        raise ValueError("no atoms were found in this sdf file")
    facts = {"title": lines[0], "molecule_count": len(molecules)}
    if "V3000" in lines[3]:
        found = re.search(r"^M  V30 COUNTS (\d{1,9}) (\d{1,9})", molecules[0], re.MULTILINE)
        atom_lines = re.findall(r"^M  V30 \d+ ([A-Z][a-z]?) -?[\d.]+ ", molecules[0], re.MULTILINE)
        atoms, bonds = (int(found[1]), int(found[2])) if found else (0, 0)
    else:
        atoms, bonds = int(lines[3][:3]), int(lines[3][3:6])
        atom_lines = [line[31:34].strip() for line in lines[4 : 4 + atoms]]
    formula = formula_from(Counter(atom_lines)) if len(atom_lines) == atoms else None
    return {**facts, "atom_count": atoms, "bond_count": bonds, "formula": formula}


def _facts_of_mol2(text: str) -> Facts:
    sections = re.split(r"^@<TRIPOS>", text, flags=re.MULTILINE)[1:]
    molecules = [section for section in sections if section.startswith("MOLECULE")]
    atoms = next((section for section in sections if section.startswith("ATOM")), "")
    if not molecules:
        raise ValueError("no atoms were found in this mol2 file")
    lines = molecules[0].splitlines()
    counts = [int(word) for word in lines[2].split()[:2]] if len(lines) > 2 else []
    rows = [line.split() for line in atoms.splitlines()[1:] if line.strip()]
    elements = Counter(row[5].split(".")[0] for row in rows if len(row) > 5)
    return {
        "title": lines[1].strip() if len(lines) > 1 else "",
        "molecule_count": len(molecules),
        "atom_count": counts[0] if counts else len(rows),
        "bond_count": counts[1] if len(counts) > 1 else None,
        "formula": formula_from(elements) if len(rows) == (counts[0] if counts else 0) else None,
    }


class _Mmtf(msgspec.Struct):
    """The fields of an MMTF file that are read; the coordinates are skipped."""

    numAtoms: int = 0
    numBonds: int | None = None
    numModels: int = 1
    title: str | None = None
    structureId: str | None = None


def _facts_of_mmtf(data: memoryview) -> Facts:
    for name, value in msgspec.msgpack.decode(data, type=dict[str, Any]).items():
        if isinstance(value, bytes):
            _check_mmtf_array(name, value)
    found = msgspec.msgpack.decode(data, type=_Mmtf)
    return {
        "title": found.title or found.structureId,
        "molecule_count": max(1, found.numModels),
        "atom_count": found.numAtoms,
        "bond_count": found.numBonds,
    }


def _check_mmtf_array(name: str, value: bytes) -> None:
    """Raise ValueError for an array that would unpack to more than it says: a viewer unpacks it unseen."""
    if len(value) < _MMTF_HEAD.size:
        return
    codec, length = _MMTF_HEAD.unpack_from(value)[:2]
    if not 0 <= length <= MMTF_ARRAY_LIMIT:
        raise ValueError(f"{name} says that it has {length} numbers")
    if codec in _MMTF_RUN_LENGTH_CODECS:
        numbers = value[_MMTF_HEAD.size :]
        runs = struct.unpack(f">{len(numbers) // 4}i", numbers[: len(numbers) // 4 * 4])[1::2]
        if min(runs, default=0) < 0 or sum(runs) != length:
            raise ValueError(f"{name} unpacks to other than the {length} numbers that it says it has")


_READERS: dict[str, Callable[[str], Facts]] = {
    "pdb": _facts_of_pdb,
    "pqr": _facts_of_pdb,
    "gro": _facts_of_gro,
    "sdf": _facts_of_sdf,
    "sd": _facts_of_sdf,
    "mol2": _facts_of_mol2,
    "cif": facts_of_cif,
    "mcif": facts_of_cif,
    "mmcif": facts_of_cif,
}
