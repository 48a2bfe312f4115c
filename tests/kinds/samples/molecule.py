"""A molecule for the contract that every kind keeps."""

from diorama.media import Molecule

SAMPLE = Molecule.from_smiles("CCO", caption="ethanol", sample_id="a")
