"""W&B's guide, a 2-D view of a molecule drawn by rdkit; only the import is changed."""

import rdkit.Chem.AllChem
import rdkit.Chem.Draw

import diorama as wandb

with wandb.init(project="examples") as run:
    molecule = rdkit.Chem.MolFromSmiles("CC(=O)O")
    rdkit.Chem.AllChem.Compute2DCoords(molecule)
    rdkit.Chem.AllChem.GenerateDepictionMatching2DStructure(molecule, molecule)
    pil_image = rdkit.Chem.Draw.MolToImage(molecule, size=(300, 300))

    run.log({"acetic_acid": wandb.Image(pil_image)})
