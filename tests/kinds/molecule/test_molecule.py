"""Molecules: ten file types kept as they are; SMILES and rdkit's objects given a shape."""

from __future__ import annotations

import io
import itertools
import os
import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from molecule_files import FILES, SDF, SDF_TWO
from rdkit import Chem
from rdkit.Chem import AllChem

import diorama
from diorama.media import Molecule, record_warnings
from diorama.media.adopt import adopt
from diorama.media.molecule.facts import inspect


@pytest.mark.parametrize("suffix", FILES)
def test_each_type_of_file(trip, tmp_path: Path, suffix: str) -> None:
    data, facts = FILES[suffix]
    path = tmp_path / f"thing.{suffix}"
    path.write_bytes(data)
    stream: Any = io.BytesIO(data)
    for made in (
        Molecule(str(path), "c", sample_id="s"),
        Molecule(path, caption="c", sample_id="s"),
        Molecule(stream, caption="c", file_type=suffix, sample_id="s"),
    ):
        travelled = trip(made)
        record = travelled.record
        assert travelled.loaded.file == data
        assert travelled.loaded.format == record.format == suffix
        assert (record.caption, record.sample_id, record.note) == ("c", "s", None)
        for name, expected in facts.items():
            assert getattr(record, name) == expected, name
    assert trip(Molecule(path)).record.name == f"thing.{suffix}"


def test_a_molecule_without_a_name(trip) -> None:
    nameless = SDF.replace("water\n", "\n", 1)
    record = trip(Molecule(io.StringIO(nameless + "$$$$\n" + nameless), file_type="sdf")).record
    assert (record.title, record.atom_count, record.molecule_count) == (None, 3, 2)


def test_suffixes_in_capitals_and_text_streams(trip, tmp_path: Path) -> None:
    path = tmp_path / "W.SDF"
    path.write_text(SDF)
    assert trip(Molecule(path)).record.format == "sdf"
    with path.open() as file:
        assert trip(Molecule(file)).record.atom_count == 3
    written = io.StringIO()
    written.write(SDF)
    assert trip(Molecule(written, file_type="sdf")).loaded.file == SDF.encode()


def test_smiles(trip) -> None:
    travelled = trip(Molecule.from_smiles("CC(=O)Oc1ccccc1C(=O)O", caption="aspirin", sample_id="s"))
    record = travelled.record
    assert (record.format, record.formula, record.smiles) == ("pdb", "C9H8O4", "CC(=O)Oc1ccccc1C(=O)O")
    assert (record.atom_count, record.bond_count, record.molecule_count) == (21, 21, 1)
    assert (record.caption, record.sample_id, record.note, record.source) == ("aspirin", "s", None, None)
    atoms = [line for line in travelled.loaded.file.decode().splitlines() if line.startswith("HETATM")]
    assert len(atoms) == 21
    assert len({line[46:54] for line in atoms}) > 5, "it has depth"
    again = trip(Molecule.from_smiles("CC(=O)Oc1ccccc1C(=O)O"))
    assert again.loaded.file == travelled.loaded.file, "the same shape each time"


@pytest.mark.parametrize(
    "smiles",
    ["[Na+].[Cl-]", "CCO.CCO.CCO", ".".join(["O"] * 12), "c1ccccc1.CC(=O)Oc1ccccc1C(=O)O.[K+]"],
)
def test_fragments_lie_apart(trip, smiles: str) -> None:
    travelled = trip(Molecule.from_smiles(smiles))
    assert travelled.record.note is None
    text = travelled.loaded.file.decode()
    made = Chem.MolFromPDBBlock(text, removeHs=False, sanitize=False)
    positions = made.GetConformer().GetPositions()
    fragments = Chem.GetMolFrags(made)
    assert len(fragments) == smiles.count(".") + 1
    for one, other in itertools.combinations(fragments, 2):
        gaps = np.linalg.norm(positions[list(one)][:, None] - positions[list(other)][None], axis=2)
        assert gaps.min() > 3.5
    spread = positions.max(axis=0) - positions.min(axis=0)
    assert max(spread[0], spread[1]) < 12 * np.sqrt(len(fragments))


def test_smiles_that_stay_flat(trip) -> None:
    flat = trip(Molecule.from_smiles("c1ccccc1", "b", True, False))
    assert (flat.record.atom_count, flat.record.note) == (6, None)
    assert {line[46:54] for line in flat.loaded.file.decode().splitlines() if line.startswith("HETATM")} == {
        "   0.000"
    }
    long = trip(Molecule.from_smiles("C" * 200))
    assert "no shape in three dimensions" in long.record.note
    assert long.record.atom_count == 200
    assert [code for code, _, _ in record_warnings(long.record)] == ["molecule.flat"]


def test_impossible_smiles(trip) -> None:
    with pytest.raises(ValueError, match="Unable to parse the SMILES string"):
        Molecule.from_smiles("C(C)(C)(C)(C)C")
    made = trip(Molecule.from_smiles("C(C)(C)(C)(C)C", sanitize=False))
    assert made.record.note is not None
    assert made.record.atom_count == 6


@pytest.mark.parametrize("bad", ["C1CC", "", "not smiles", "\udcff", "C\0"])
def test_bad_smiles(bad: str) -> None:
    with pytest.raises(ValueError, match="Unable to parse the SMILES string"):
        Molecule.from_smiles(bad)


def test_rdkit_objects(trip) -> None:
    mol = Chem.MolFromSmiles("C[C@H](N)C(=O)O")
    for made in (Molecule.from_rdkit(mol, caption="c"), Molecule(mol, "c"), adopt(mol)):
        travelled = trip(made)
        record = travelled.record
        assert (record.format, record.formula, record.atom_count) == ("pdb", "C3H7NO2", 13)
        assert record.smiles == "C[C@H](N)C(=O)O"
        source = Chem.MolFromMolBlock(travelled.loaded.source.decode())
        assert source.GetNumAtoms() == 6
    flat = trip(Molecule.from_rdkit(mol, "c", False)).record
    assert flat.atom_count == 6


def test_a_shape_that_is_there_is_kept(trip) -> None:
    mol = Chem.AddHs(Chem.MolFromSmiles("CCO"))
    AllChem.EmbedMolecule(mol, randomSeed=7)
    first = mol.GetConformer().GetAtomPosition(0)
    made = Molecule(mol)
    mol.GetConformer().SetAtomPosition(0, (99.0, 99.0, 99.0))
    line = trip(made).loaded.file.decode().splitlines()[0]
    assert float(line[30:38]) == pytest.approx(first.x, abs=1e-3)


def test_objects_without_chemical_sense(trip) -> None:
    mol = Chem.MolFromSmiles("c1ccccc1(C)(C)C", sanitize=False)
    travelled = trip(Molecule(mol))
    assert travelled.loaded.source
    assert travelled.record.note
    with pytest.raises(ValueError, match="no atoms"):
        Molecule(Chem.Mol())


@pytest.mark.parametrize("suffix", ["mol", "sdf"])
def test_rdkit_files(trip, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"water.{suffix}"
    path.write_text(SDF if suffix == "mol" else SDF_TWO)
    for given_path in (path, str(path)):
        travelled = trip(Molecule.from_rdkit(given_path, convert_to_3d_and_optimize=True))
        assert travelled.loaded.source == path.read_bytes()
        assert travelled.record.formula == "H2O"
        assert (travelled.record.name, travelled.record.title) == (f"water.{suffix}", "water")
        assert travelled.record.smiles == "O"


def test_an_unreadable_mol_file_is_kept(trip, tmp_path: Path) -> None:
    path = tmp_path / "x.mol"
    path.write_bytes(b"\x00garbage")
    travelled = trip(Molecule.from_rdkit(path))
    assert travelled.loaded.file == travelled.loaded.source == b"\x00garbage"
    assert travelled.record.note
    assert [code for code, _, _ in record_warnings(travelled.record)] == ["molecule.unreadable"]


@settings(max_examples=150, deadline=None)
@given(suffix=st.sampled_from(sorted(FILES)), data=st.binary(max_size=200), cut=st.integers(0, 400))
def test_any_bytes_can_be_looked_into(suffix: str, data: bytes, cut: int) -> None:
    for content in (data, FILES[suffix][0][:cut] + data):
        try:
            facts = inspect({"format": suffix}, memoryview(content))
        except (ValueError, IndexError, TypeError, RecursionError):
            continue
        assert facts["atom_count"] > 0


@settings(max_examples=25, deadline=None)
@given(suffix=st.sampled_from(sorted(FILES)), data=st.binary(min_size=1, max_size=200))
def test_any_file_is_kept(trip, suffix: str, data: bytes) -> None:
    travelled = trip(Molecule(io.BytesIO(data), file_type=suffix))
    assert travelled.loaded.file == data
    assert travelled.record.note or travelled.record.atom_count


@pytest.mark.parametrize(
    "text",
    [
        "_" * 50_000,
        "loop_\n" * 10_000,
        "data_x\nloop_\n_atom_site.id\n" + ";\n" * 10_001,
        "loop_\n_atom_site_label\n" + "'" * 20_000,
        "$$$$\n" * 20_000,
        "t\n999999999\n" + "x\n" * 100,
    ],
)
def test_hostile_files_are_kept(trip, text: str) -> None:
    for suffix in ("cif", "sdf", "gro", "mol2", "pdb"):
        travelled = trip(Molecule(io.StringIO(text), file_type=suffix))
        assert travelled.loaded.file == text.encode()


@pytest.mark.parametrize(
    "array",
    [
        struct.pack(">iii", 9, 2**31 - 1, 1) + struct.pack(">ii", 1, 2**31 - 1),
        struct.pack(">iii", 7, 4, 0) + struct.pack(">ii", 1, 2**31 - 1),
        struct.pack(">iii", 8, 4, 0) + struct.pack(">ii", 1, -4),
        struct.pack(">iii", 2, -1, 0),
    ],
)
def test_t25_a_packed_file_that_would_unpack_to_too_much(trip, array: bytes) -> None:
    data = msgspec.msgpack.encode({"numAtoms": 4, "xCoordList": array})
    travelled = trip(Molecule(io.BytesIO(data), file_type="mmtf"))
    assert travelled.loaded.file == data
    assert "xCoordList" in travelled.record.note
    assert travelled.record.atom_count is None, "so nobody tries to draw it"


def test_changing_the_file_afterwards_changes_nothing(trip, tmp_path: Path) -> None:
    path = tmp_path / "a.sdf"
    path.write_text(SDF)
    made = Molecule(path)
    path.write_text("after")
    assert trip(made).loaded.file == SDF.encode()


def test_wrong_types_of_file(tmp_path: Path) -> None:
    for name in ("x.xyz", "x", "x.pdb.gz", "CCO"):
        with pytest.raises(ValueError, match="Molecule only supports files of the type: pdb, pqr"):
            Molecule(name)
    with pytest.raises(ValueError, match="from_rdkit takes mol files"):
        Molecule("x.mol")
    with pytest.raises(ValueError, match="from_smiles takes SMILES"):
        Molecule("CC(=O)O")
    with pytest.raises(ValueError, match="Molecule only supports files"):
        Molecule(io.StringIO("x"), file_type="xyz")
    with pytest.raises(ValueError, match="Must pass file_type keyword argument"):
        Molecule(io.StringIO(SDF))
    with pytest.raises(ValueError, match=r"from_rdkit only supports files of the type: mol, sdf"):
        Molecule.from_rdkit("x.pdb")


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Molecule("missing.pdb")
    with pytest.raises(FileNotFoundError):
        Molecule.from_rdkit(tmp_path / "missing.sdf")
    (tmp_path / "folder.pdb").mkdir()
    with pytest.raises(ValueError, match="folder"):
        Molecule(tmp_path / "folder.pdb")
    (tmp_path / "empty.pdb").touch()
    with pytest.raises(ValueError, match="empty"):
        Molecule(tmp_path / "empty.pdb")
    os.mkfifo(tmp_path / "pipe.pdb")
    with pytest.raises(ValueError, match="no regular file"):
        Molecule(tmp_path / "pipe.pdb")
    with pytest.raises(ValueError, match="is a URL"):
        Molecule("https://example.org/x.pdb")


@pytest.mark.parametrize("bad", [5, None, b"ATOM", ["CCO"]])
def test_other_things_are_no_molecule(bad: Any) -> None:
    with pytest.raises(ValueError, match="Data must be file name or a file object"):
        Molecule(bad)
    with pytest.raises(TypeError, match="Data must be file name or an rdkit"):
        Molecule.from_rdkit(bad)
    with pytest.raises(TypeError, match="SMILES are text"):
        Molecule.from_smiles(bad)


def test_without_rdkit_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(diorama.UsageError, match=r"diorama\[media\]"):
        Molecule.from_smiles("CCO")
