"""W&B's guide, point clouds from arrays: positions, categories, colours; only the import is changed."""

import numpy as np

import diorama as wandb

COLOR = 3

with wandb.init(project="examples") as run:
    point_cloud = np.array([[0, 0, 0, COLOR]])
    run.log({"point_cloud": wandb.Object3D(point_cloud)})

    xyz = np.array([[0.4, 1, 1.3], [1, 1, 1], [1.2, 1, 1.2]])
    run.log({"my_cloud_from_numpy_xyz": wandb.Object3D.from_numpy(xyz)})

    categories = np.array([[0.4, 1, 1.3, 1], [1, 1, 1, 1], [1.2, 1, 1.2, 12], [1.2, 1, 1.6, 11]])
    run.log({"my_cloud_from_numpy_cat": wandb.Object3D.from_numpy(categories)})

    colours = np.array([[0.4, 1, 1.3, 255, 0, 0], [1, 1, 1, 0, 255, 0], [1.2, 1, 1.3, 0, 255, 255]])
    run.log({"my_cloud_from_numpy_rgb": wandb.Object3D.from_numpy(colours)})
