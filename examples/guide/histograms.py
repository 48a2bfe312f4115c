"""W&B's guide, the three histogram samples; the second passes numpy's tuple first, which W&B refuses."""

import numpy as np

import diorama as wandb

grads = np.random.default_rng(0).random(1000)

with wandb.init(project="examples") as run:
    run.log({"gradients": wandb.Histogram(grads)})

    np_hist_grads = np.histogram(grads, density=True, range=(0.0, 1.0))
    run.log({"gradients": wandb.Histogram(np_hist_grads)})

    run.summary.update({"gradients": wandb.Histogram(np_histogram=np_hist_grads)})
