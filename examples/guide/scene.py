"""W&B's guide, a lidar scene with a box and an arrow, from Python and a file. Only the import differs."""

import itertools
import json

import diorama as wandb

point_list = [
    [2566.57, 746.78, -15.27, 76.5, 127.5, 89.47],
    [2566.59, 746.68, -15.28, 76.5, 127.5, 89.45],
    [2561.71, 744.53, -14.88, 76.5, 127.5, 82.22],
]
corners = [list(corner) for corner in itertools.product((2599.7, 2604.8), (767.5, 772.8), (-19.6, -17.8))]

with open("my_point_cloud.pts.json", "w") as file:
    box = {"color": [0, 255, 0], "score": 0.35, "label": "My label", "corners": corners}
    json.dump({"boxes": [box], "points": point_list, "type": "lidar/beta"}, file)

with wandb.init(project="examples") as run:
    run.log(
        {
            "my_first_point_cloud": wandb.Object3D.from_point_cloud(
                points=point_list,
                boxes=[{"corners": corners, "color": [0, 0, 255], "label": "car", "score": 0.6}],
                vectors=[{"start": [0, 0, 0], "end": [0.1, 0.2, 0.5], "color": [255, 0, 0]}],
                point_cloud_type="lidar/beta",
            )
        }
    )
    run.log({"my_cloud_from_file": wandb.Object3D.from_file("./my_point_cloud.pts.json")})
