"""From the snapshot of a molecule to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import ANY_MIME, PutBlob, Snapshot
from diorama.media.core.extent import Data, view_of
from diorama.media.core.limited import DecodeError, run_limited
from diorama.media.molecule.record import MoleculeRecord
from diorama.model import BlobRef

MIMES = {
    "pdb": "chemical/x-pdb",
    "cif": "chemical/x-cif",
    "mmcif": "chemical/x-mmcif",
    "sdf": "chemical/x-mdl-sdfile",
    "sd": "chemical/x-mdl-sdfile",
    "mol": "chemical/x-mdl-molfile",
    "mol2": "chemical/x-mol2",
    "smi": "chemical/x-daylight-smiles",
}
SHAPE_CPU_SECS = 15.0
"""What finding a shape in three dimensions may cost; a molecule that needs more is drawn flat."""
SHAPE_WALL_SECS = 60.0
NOTE_LIMIT = 500


def encode(snapshot: Snapshot, put_blob: PutBlob) -> MoleculeRecord:
    """The record of a molecule; what rdkit makes of it is made now, in a worker."""
    data = snapshot.buffers[0].source()
    if snapshot.header["form"] == "file":
        return _encode_file(snapshot.header, data, put_blob)
    return _encode_made(snapshot.header, data, put_blob)


def _encode_file(header: dict[str, Any], data: Data, put_blob: PutBlob) -> MoleculeRecord:
    facts: dict[str, Any] = {}
    try:
        facts = run_limited("diorama.media.molecule.facts:inspect", {"format": header["format"]}, data)
    except DecodeError as error:
        facts = {"note": _words(error)}
    return MoleculeRecord(
        blob=put_blob(data, MIMES.get(header["format"], ANY_MIME)),
        format=header["format"],
        name=header["name"],
        caption=header["caption"],
        sample_id=header["sample_id"],
        **facts,
    )


def _encode_made(header: dict[str, Any], data: Data, put_blob: PutBlob) -> MoleculeRecord:
    facts, note = _made(header, data)
    pdb = facts.pop("pdb", None)
    smiles = str(view_of(data), "utf-8") if header["form"] == "smiles" else facts.pop("smiles", None)
    source = _source(header["form"], data, facts.pop("source", None), put_blob)
    if pdb is not None:
        blob, shape = put_blob(pdb.encode("utf-8"), MIMES["pdb"]), "pdb"
    elif source is not None and header["form"] != "json":
        blob, shape = source, "sdf"  # a mol file is an sdf file of one molecule
    else:
        blob, shape = put_blob(data, MIMES["smi"] if header["form"] == "smiles" else ANY_MIME), "smi"
    notes = [text for text in (facts.pop("note", None), note) if text]
    facts.pop("smiles", None)
    return MoleculeRecord(
        blob=blob,
        format=shape,
        name=header.get("name"),
        source=source,
        smiles=smiles,
        note="; ".join(notes)[:NOTE_LIMIT] or None,
        caption=header["caption"],
        sample_id=header["sample_id"],
        **facts,
    )


def _made(header: dict[str, Any], data: Data) -> tuple[dict[str, Any], str | None]:
    """What rdkit makes of it: with a shape in three dimensions, else flat, else nothing; and why."""
    asked = {name: header[name] for name in ("form", "convert", "iterations", "sanitize")}
    note = None
    for is_converted in sorted({asked["convert"], False}, reverse=True):
        try:
            made: dict[str, Any] = run_limited(
                "diorama.media.molecule.rdkit:model",
                {**asked, "convert": is_converted},
                data,
                cpu_secs=SHAPE_CPU_SECS,
                wall_secs=SHAPE_WALL_SECS,
            )
        except DecodeError as error:
            note = note or f"no shape in three dimensions: {_words(error)}"
            continue
        return made, note
    return {}, note


def _source(form: str, data: Data, mol_file: bytes | None, put_blob: PutBlob) -> BlobRef | None:
    if form in ("mol", "sdf"):
        return put_blob(data, MIMES[form])
    return None if mol_file is None else put_blob(mol_file, MIMES["mol"])


def _words(error: DecodeError) -> str:
    return str(error).removeprefix("ValueError: ")[:NOTE_LIMIT]


def warnings_of(record: MoleculeRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of files) of what could not be read."""
    if record.note is None:
        return []
    if record.atom_count is None:
        return [("molecule.unreadable", "a molecule file could not be read; it was kept as it is", 1)]
    return [("molecule.flat", "rdkit found no good shape for a molecule; its note says why", 1)]
