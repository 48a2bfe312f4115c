"""Points, scenes with boxes, and a model file, in three dimensions."""

import math
import tempfile
from pathlib import Path

import numpy as np

import diorama

rng = np.random.default_rng(0)
folder = Path(tempfile.mkdtemp())
(folder / "skin.mtl").write_text("newmtl skin\nKd 0.2 0.6 0.9\n")
tetrahedron = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nusemtl skin\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
(folder / "tetrahedron.obj").write_text("mtllib skin.mtl\n" + tetrahedron)

with diorama.init(project="examples", name="three dimensions") as run:
    for step in range(5):
        points = rng.normal(size=(20_000, 3)) * (3, 2, 0.5)
        height = points[:, 2].clip(-1, 1) / 2 + 0.5
        colors = np.column_stack([height, 1 - height, np.full_like(height, 0.5)])  # 0..1, or 0..255
        kinds = np.where(points[:, 2] > 0, 2, 1)
        turn = math.radians(15 * step) / 2
        car = diorama.box3d(
            center=(0, step / 2, 0),
            size=(4, 2, 1.5),
            orientation=(math.cos(turn), 0, 0, math.sin(turn)),  # r, x, y, z
            color=(255, 140, 0),
            label=f"car {step}",
            score=0.5 + step / 10,
        )
        scene = diorama.Object3D.from_point_cloud(
            points=np.column_stack([points, kinds]),
            boxes=[car],
            vectors=[{"start": [0, step / 2, 0], "end": [0, step / 2 + 3, 0], "color": [255, 0, 0]}],
            class_labels={1: "below", 2: "above"},
        )
        run.log({"coloured": diorama.Object3D(np.column_stack([points, colors])), "scene": scene})
    run.log({"model": diorama.Object3D(folder / "tetrahedron.obj", caption="a file with its material")})
