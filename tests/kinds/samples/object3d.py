"""The 3D object that the contract of all kinds is tried with."""

from diorama.media.object3d.boxes import box3d
from diorama.media.object3d.media import Object3D

SAMPLE = Object3D.from_point_cloud(
    points=[[0.0, 0.0, 0.0, 1.0], [1.0, 2.0, 3.0, 2.0]],
    boxes=[
        box3d(
            center=(0, 0, 0),
            size=(1, 2, 3),
            orientation=(1, 0, 0, 0),
            color=(0, 255, 0),
            label="tree",
            score=0.5,
        )
    ],
    vectors=[{"start": [0, 0, 0], "end": [0, 0, 1]}],
    cameras=[{"position": [5, 5, 5]}],
    class_labels={1: "ground", 2: "plant"},
    caption="two points",
    sample_id="a",
)
