"""Molecules and crystals."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class MoleculeRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="molecule"):
    """A molecule file as it was given, or the PDB that was made of a SMILES, Mol or mol file.

    format: pdb, pqr, mmcif, mcif, cif, sdf, sd, gro, mol2 or mmtf. source: the file that a PDB was made of
    (mol, sdf), kept too. smiles: what was given, or what rdkit writes. molecule_count: molecules or models in
    the file. note: what could not be read of it.
    """

    blob: BlobRef
    format: str
    name: str | None = None
    source: BlobRef | None = None
    smiles: str | None = None
    formula: str | None = None
    title: str | None = None
    atom_count: int | None = None
    bond_count: int | None = None
    molecule_count: int | None = None
    note: str | None = None


class Molecule(Media):
    """To be written."""

    KIND = "molecule"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> MoleculeRecord:
    raise NotImplementedError


def decode(record: MoleculeRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="molecule", cls=Molecule, record=MoleculeRecord, encode=encode, decode=decode)
