"""W&B's guide, videos: a file, and an array as a gif; only the import is changed."""

import av
import numpy as np

import diorama as wandb

frames = np.random.default_rng(0).integers(0, 255, (8, 3, 48, 64), np.uint8)
with av.open("myvideo.mp4", "w") as container:
    stream = container.add_stream("h264", rate=4)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for frame in frames.transpose(0, 2, 3, 1):
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")))
    container.mux(stream.encode())

with wandb.init(project="examples") as run:
    run.log({"example": wandb.Video("myvideo.mp4")})
    run.log({"video": wandb.Video(frames, fps=4, format="gif")})
