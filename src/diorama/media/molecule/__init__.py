"""Molecules and crystals."""

from diorama.media.core.base import Kind
from diorama.media.molecule.codec import encode, warnings_of
from diorama.media.molecule.load import decode
from diorama.media.molecule.media import Molecule, molecule_from
from diorama.media.molecule.record import FILE_TYPES, MoleculeRecord

KIND = Kind(
    name="molecule",
    cls=Molecule,
    record=MoleculeRecord,
    encode=encode,
    decode=decode,
    adopts=("rdkit.Chem.rdchem.Mol",),
    adopt=molecule_from,
    suffixes=tuple(f".{name}" for name in FILE_TYPES),
    warnings=warnings_of,
)
