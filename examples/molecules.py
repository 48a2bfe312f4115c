"""Molecules: SMILES, an rdkit object, a file of two poses. Needs `pip install "diorama[media]"`."""

from pathlib import Path

from rdkit import Chem
from rdkit.Chem import AllChem

import diorama

SMILES = {"aspirin": "CC(=O)Oc1ccccc1C(=O)O", "caffeine": "Cn1cnc2c1c(=O)n(C)c(=O)n2C"}

molecule = Chem.AddHs(Chem.MolFromSmiles("CC(N)C(=O)O"))
AllChem.EmbedMultipleConfs(molecule, 2, randomSeed=1)
with Chem.SDWriter("poses.sdf") as writer:
    for conformer in molecule.GetConformers():
        writer.write(molecule, confId=conformer.GetId())

with diorama.init(project="examples", name="molecules") as run:
    for step in range(2):
        AllChem.MMFFOptimizeMolecule(molecule, maxIters=1 + 10 * step)
        run.log(
            {
                "drugs": [diorama.Molecule.from_smiles(text, caption=name) for name, text in SMILES.items()],
                "relaxing": molecule,
                "poses": diorama.Molecule(Path("poses.sdf"), caption="two poses of alanine"),
            }
        )
print("molecules of 2 steps")
