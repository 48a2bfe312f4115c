"""What the store keeps of a molecule."""

from __future__ import annotations

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef

FILE_TYPES = ("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf")
RDKIT_TYPES = ("mol", "sdf")


class MoleculeRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="molecule"):
    """A molecule file as it was given, or the PDB that was made of a SMILES, Mol or mol file.

    format: pdb, pqr, mmcif, mcif, cif, sdf, sd, gro, mol2 or mmtf; smi when there is only the SMILES. source:
    the file that a PDB was made of (mol, sdf), kept too. smiles: what was given, or what rdkit writes.
    molecule_count: molecules or models in the file. atom_count, bond_count, formula: of the first of them.
    note: what could not be read of it, or made of it.
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
