"""W&B's guide, audio: an array at 32 samples a second; only the import is changed."""

import numpy as np

import diorama as wandb

np_array = np.sin(np.arange(96) / 3)

with wandb.init(project="examples") as run:
    run.log({"whale songs": wandb.Audio(np_array, caption="OooOoo", sample_rate=32)})
