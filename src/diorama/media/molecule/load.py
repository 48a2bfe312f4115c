"""From the record of a molecule back to what was logged."""

from __future__ import annotations

from dataclasses import dataclass

from diorama.media.core.base import GetBlob
from diorama.media.molecule.record import MoleculeRecord


@dataclass(frozen=True)
class MoleculeFile:
    """A molecule read back. file: its bytes as they were given, or the PDB that was made. format: their type.
    smiles: text or None. source: what the PDB was made of, a mol or sdf file, or None."""

    file: bytes
    format: str
    smiles: str | None
    source: bytes | None


def decode(record: MoleculeRecord, get_blob: GetBlob) -> MoleculeFile:
    """The file, the SMILES and the source that are kept."""
    source = None if record.source is None else get_blob(record.source)
    return MoleculeFile(get_blob(record.blob), record.format, record.smiles, source)
