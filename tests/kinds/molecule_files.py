"""Small molecule files of every type, made here."""

from __future__ import annotations

import msgspec

PDB = """HEADER    TEST
TITLE     WATER AND
TITLE    2 A FRIEND
MODEL        1
ATOM      1  N   GLY A   1       0.000   0.000   0.000  1.00  0.00           N
HETATM    2  O   HOH A   2       1.500   0.000   0.000  1.00  0.00           O
ENDMDL
MODEL        2
ATOM      1  N   GLY A   1       0.100   0.000   0.000  1.00  0.00           N
HETATM    2  O   HOH A   2       1.600   0.000   0.000  1.00  0.00           O
ENDMDL
END
"""
PQR = (
    "ATOM  1  N  GLY  1   0.000  0.000  0.000  0.1  1.8\nATOM  2  CA GLY  1   1.500  0.000  0.000 -0.1 1.9\n"
)
MMCIF = """data_TEST
_struct.title 'A small thing'
loop_
_atom_site.group_PDB
_atom_site.id
_atom_site.type_symbol
_atom_site.Cartn_x
_atom_site.pdbx_PDB_model_num
ATOM 1 N 0.0 1
ATOM 2 "C" 1.5 1
ATOM 1 N 0.1 2
ATOM 2 C 1.6 2
#
"""
CIF = """data_salt
_chemical_formula_sum 'Cl Na'
_cell_length_a 5.64
loop_
 _atom_site_label
 _atom_site_fract_x
 Na1 0.0
 Cl1 0.5
loop_
_atom_site_aniso_label
Na1
"""
SDF = """water
  test

  3  2  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 O   0  0
    0.9600    0.0000    0.0000 H   0  0
   -0.2400    0.9300    0.0000 H   0  0
  1  2  1  0
  1  3  1  0
M  END
"""
SDF_TWO = SDF + "$$$$\n" + SDF + "$$$$\n"
V3000 = """ethane
  test

  0  0  0     0  0            999 V3000
M  V30 BEGIN CTAB
M  V30 COUNTS 2 1 0 0 0
M  V30 BEGIN ATOM
M  V30 1 C 0 0 0 0
M  V30 2 C 1.5 0 0 0
M  V30 END ATOM
M  V30 END CTAB
M  END
"""
GRO = """two of two
    2
    1GLY      N    1   0.000   0.000   0.000
    1GLY     CA    2   0.150   0.000   0.000
   1.0 1.0 1.0
two of two
    2
    1GLY      N    1   0.000   0.000   0.000
    1GLY     CA    2   0.150   0.000   0.000
   1.0 1.0 1.0
"""
MOL2 = """@<TRIPOS>MOLECULE
monoxide
 2 1
SMALL
NO_CHARGES

@<TRIPOS>ATOM
 1 C1 0.0 0.0 0.0 C.1 1 UNL 0.1
 2 O1 1.1 0.0 0.0 O.3 1 UNL -0.1
@<TRIPOS>BOND
 1 1 2 3
"""
MMTF = msgspec.msgpack.encode(
    {
        "mmtfVersion": "1.0",
        "title": "packed",
        "numAtoms": 4,
        "numBonds": 3,
        "numModels": 2,
        "xCoordList": b"\0" * 9,
    }
)

FILES: dict[str, tuple[bytes, dict[str, object]]] = {
    "pdb": (PDB.encode(), {"title": "WATER AND A FRIEND", "atom_count": 2, "molecule_count": 2}),
    "pqr": (PQR.encode(), {"atom_count": 2, "molecule_count": 1}),
    "mmcif": (MMCIF.encode(), {"title": "A small thing", "atom_count": 2, "molecule_count": 2}),
    "cif": (CIF.encode(), {"title": "salt", "formula": "ClNa", "atom_count": 2}),
    "mcif": (CIF.encode(), {"title": "salt", "formula": "ClNa", "atom_count": 2}),
    "sdf": (SDF_TWO.encode(), {"title": "water", "formula": "H2O", "bond_count": 2, "molecule_count": 2}),
    "sd": (V3000.encode(), {"title": "ethane", "formula": "C2", "bond_count": 1, "atom_count": 2}),
    "gro": (GRO.encode(), {"title": "two of two", "atom_count": 2, "molecule_count": 2}),
    "mol2": (MOL2.encode(), {"title": "monoxide", "formula": "CO", "atom_count": 2, "bond_count": 1}),
    "mmtf": (MMTF, {"title": "packed", "atom_count": 4, "bond_count": 3, "molecule_count": 2}),
}  # fmt: skip
"""Type: the file, and what its record says."""
