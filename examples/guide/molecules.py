"""W&B's guide, molecules: a PDB file, an rdkit molecule, a mol file, a SMILES; only the import is changed."""

from pathlib import Path

import rdkit.Chem

import diorama as wandb

ethanol = rdkit.Chem.AddHs(rdkit.Chem.MolFromSmiles("CCO"))
Path("6lu7.pdb").write_text(rdkit.Chem.MolToPDBBlock(ethanol))
Path("2b3p.mol").write_text(rdkit.Chem.MolToMolBlock(ethanol))

with wandb.init(project="examples") as run:
    run.log({"protein": wandb.Molecule("6lu7.pdb")})

    resveratrol = rdkit.Chem.MolFromSmiles("Oc1ccc(cc1)C=Cc1cc(O)cc(c1)O")
    run.log(
        {
            "resveratrol": wandb.Molecule.from_rdkit(resveratrol),
            "green fluorescent protein": wandb.Molecule.from_rdkit("2b3p.mol"),
            "acetaminophen": wandb.Molecule.from_smiles("CC(=O)Nc1ccc(O)cc1"),
        }
    )
