"""W&B's guide, 3D files, opened as the guide opens them: as text, the binary .glb too."""

import json
import struct

import diorama as wandb

scene = json.dumps({"asset": {"version": "2.0"}, "scenes": [{"nodes": []}], "scene": 0}).encode()
scene += b" " * (-len(scene) % 4)
with open("sample.obj", "w") as file:
    file.write("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
with open("sample.gltf", "wb") as file:
    file.write(scene)
with open("sample.glb", "wb") as file:
    file.write(struct.pack("<4sII", b"glTF", 2, 20 + len(scene)))
    file.write(struct.pack("<I4s", len(scene), b"JSON") + scene)

with wandb.init(project="examples") as run:
    run.log(
        {
            "generated_samples": [
                wandb.Object3D(open("sample.obj")),
                wandb.Object3D(open("sample.gltf")),
                wandb.Object3D(open("sample.glb")),
            ]
        }
    )
