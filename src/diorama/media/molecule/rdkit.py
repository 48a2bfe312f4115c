"""Molecules that rdkit knows, as PDB: in three dimensions where that works out. Runs in a worker.

Embedding is random; the seed is fixed, so that the same molecule looks the same at every step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolInterchange
from rdkit.Chem.rdDepictor import Compute2DCoords
from rdkit.Chem.rdDistGeom import EmbedMolecule
from rdkit.Chem.rdForceFieldHelpers import (
    MMFFHasAllMoleculeParams,
    MMFFOptimizeMolecule,
    UFFHasAllMoleculeParams,
    UFFOptimizeMolecule,
)
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from diorama.media.core.extent import Data, view_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 0xD10
GAP = 4.0
"""Between fragments, in ångström: no viewer takes atoms so far apart for bonded."""
SHAPE_ATOMS_LIMIT = 150
"""Heavy atoms; the search for a shape takes minutes beyond."""
MOL_FILE_ATOMS_LIMIT = 999
"""More than the old form of a mol file can hold."""


def model(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """PDB and facts of `data`, which is what `header["form"]` says: smiles, mol, sdf or rdkit's own json.

    convert: make it three-dimensional and optimise it, at most `iterations` times.
    """
    with rdBase.BlockLogs():
        given, notes = _read(header["form"], str(view_of(data), "utf-8", "replace"), header["sanitize"])
        molecule = _with_shape(Chem.Mol(given), header, notes)
        return {
            "pdb": Chem.MolToPDBBlock(molecule),
            "source": _mol_file(given) if header["form"] == "json" else None,
            "smiles": Chem.MolToSmiles(_without_hydrogens(given)),
            "formula": _formula(molecule),
            "title": given.GetProp("_Name").strip() if given.HasProp("_Name") else None,
            "atom_count": molecule.GetNumAtoms(),
            "bond_count": molecule.GetNumBonds(),
            "molecule_count": 1,
            "note": "; ".join(notes) or None,
        }


def _read(form: str, text: str, is_sanitized: bool) -> tuple[Any, list[str]]:
    notes: list[str] = []
    molecule = _parse(form, text, is_sanitized)
    if molecule is None and is_sanitized:
        molecule = _parse(form, text, False)
        notes.append("rdkit finds it chemically impossible; it is shown as it was drawn")
    if molecule is None:
        raise ValueError("rdkit can't read it")
    if not molecule.GetNumAtoms():
        raise ValueError("there are no atoms in it")
    molecule.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(molecule)
    return molecule, notes


def _parse(form: str, text: str, is_sanitized: bool) -> Any:
    if form == "smiles":
        return Chem.MolFromSmiles(text, sanitize=is_sanitized)
    if form == "json":
        return rdMolInterchange.JSONToMols(text)[0]
    if form == "sdf":
        text = text.split("$$$$")[0]
    return Chem.MolFromMolBlock(text, sanitize=is_sanitized, removeHs=False)


def _with_shape(molecule: Any, header: Mapping[str, Any], notes: list[str]) -> Any:
    """With coordinates: those it has, when they are three-dimensional; computed ones else."""
    conformers = molecule.GetConformers()
    if conformers and conformers[0].Is3D():
        return molecule
    if header["convert"]:
        full = _embedded(molecule, header["iterations"])
        if full is not None:
            return full
        notes.append("rdkit found no shape in three dimensions; it is drawn flat")
    if not conformers or header["convert"]:
        Compute2DCoords(molecule)
    return molecule


def _embedded(molecule: Any, iterations: int) -> Any | None:
    """With hydrogens and a relaxed shape; None where rdkit finds none, or would search for too long."""
    if molecule.GetNumHeavyAtoms() > SHAPE_ATOMS_LIMIT:
        return None
    try:
        full = Chem.AddHs(molecule)
        if len(Chem.GetMolFrags(full)) == 1:
            return full if _found_shape(full, iterations) else None
        # Nothing holds fragments apart when they are embedded together: each gets a shape of its own.
        places: list[tuple[int, ...]] = []
        fragments = Chem.GetMolFrags(full, asMols=True, fragsMolAtomMapping=places)
        if not all(_found_shape(fragment, iterations) for fragment in fragments):
            return None
    except (ValueError, RuntimeError):  # chemically impossible
        return None
    together = Chem.Conformer(full.GetNumAtoms())
    for fragment, atoms, shift in zip(fragments, places, _set_apart(fragments), strict=True):
        shape = fragment.GetConformer().GetPositions() + shift
        for atom, position in zip(atoms, shape.tolist(), strict=True):
            together.SetAtomPosition(atom, position)
    full.AddConformer(together, assignId=True)
    return full


def _found_shape(molecule: Any, iterations: int) -> bool:
    if EmbedMolecule(molecule, randomSeed=SEED) != 0 and (
        EmbedMolecule(molecule, randomSeed=SEED, useRandomCoords=True) != 0
    ):
        return False
    _optimize(molecule, iterations)
    return True


def _set_apart(fragments: Sequence[Any]) -> list[NDArray[Any]]:
    """How far to move each fragment, so that they lie beside one another in rows of about equal length."""
    boxes = []
    for fragment in fragments:
        positions = fragment.GetConformer().GetPositions()
        boxes.append((positions.min(axis=0), positions.max(axis=0) - positions.min(axis=0) + GAP))
    row_length = math.sqrt(sum(float(size[0] * size[1]) for _, size in boxes))
    shifts = []
    x = y = row_height = 0.0
    for low, size in boxes:
        if x > row_length:
            x, y, row_height = 0.0, y + row_height, 0.0
        shifts.append(np.array([x, y, -size[2] / 2]) - low)
        x, row_height = x + float(size[0]), max(row_height, float(size[1]))
    return shifts


def _formula(molecule: Any) -> str | None:
    try:
        return str(CalcMolFormula(molecule))
    except (ValueError, RuntimeError):
        return None


def _optimize(molecule: Any, iterations: int) -> None:
    if MMFFHasAllMoleculeParams(molecule):
        MMFFOptimizeMolecule(molecule, maxIters=iterations)
    elif UFFHasAllMoleculeParams(molecule):
        UFFOptimizeMolecule(molecule, maxIters=iterations)


def _without_hydrogens(molecule: Any) -> Any:
    try:
        return Chem.RemoveHs(molecule)
    except ValueError:  # not sanitised
        return molecule


def _mol_file(molecule: Any) -> bytes | None:
    is_large = molecule.GetNumAtoms() > MOL_FILE_ATOMS_LIMIT
    for has_aromatic_bonds in (False, True):
        try:
            text = Chem.MolToMolBlock(molecule, kekulize=not has_aromatic_bonds, forceV3000=is_large)
        except (ValueError, RuntimeError):
            continue
        return str(text).encode("utf-8")
    return None
