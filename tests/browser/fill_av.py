"""Fill a store with sounds and videos whose every frame is known, through the real SDK.

DIORAMA_DIR=DIR python fill_av.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from stored import wait_until_stored

import diorama

FPS = 10
FRAMES = 20
COLORS = [(200, 40, 40), (40, 160, 60), (50, 70, 210), (230, 200, 60)]
"""The frames of every video go through these."""
RATE = 16_000


def film(frames: int = FRAMES, height: int = 60, width: int = 80) -> NDArray[np.uint8]:
    made = np.zeros((frames, 3, height, width), np.uint8)
    for at in range(frames):
        made[at] = np.array(COLORS[at % len(COLORS)], np.uint8)[:, None, None]
    return made


def tone(hertz: float, secs: float = 2.0) -> NDArray[np.float32]:
    times = np.arange(int(secs * RATE)) / RATE
    found: NDArray[np.float32] = (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)
    return found


def main() -> None:
    run = diorama.init(entity="lab", project="av", name="first")
    for step in range(3):
        clips = [film(FRAMES), film(FRAMES // 2)]
        run.log(
            {
                "clips": [
                    diorama.Video(clip, fps=FPS, caption=f"clip {at}") for at, clip in enumerate(clips)
                ],
                "gif": diorama.Video(film(), fps=FPS, format="gif"),
                "tones": [
                    diorama.Audio(tone(1000 + 500 * step), sample_rate=RATE, caption="mono"),
                    diorama.Audio(np.stack([tone(1000), tone(3000)]), sample_rate=RATE, caption="stereo"),
                ],
                "broken": diorama.Video(b"\0\0\0\x18ftypisom" + bytes(200 + step), format="mp4"),
                "silent": diorama.Audio(b"no sound at all, " + bytes([step])),
                "doubles": diorama.Audio(np.sin(np.arange(2 * RATE) / 5) / 3, sample_rate=RATE),
                "slow": diorama.Audio(np.sin(np.arange(320) / 3), sample_rate=32),
            },
            step=step,
        )
    run.flush(wait=True)
    run.finish()
    wait_until_stored("lab", "av")


if __name__ == "__main__":
    main()
