"""What examples/sound_and_video.py logged."""

from __future__ import annotations

from typing import Any

import numpy as np


def rows(run: Any, key: str) -> list[Any]:
    return [row[key] for row in run.scan_history(keys=[key])]


def check_sound_and_video(run: Any) -> None:
    episodes = rows(run, "episode")
    assert [episode.record.caption for episode in episodes] == [f"after {step} epochs" for step in range(4)]
    assert episodes[0].record.duration_secs == 2
    assert episodes[0].frames().shape == (24, 48, 80, 3)
    assert rows(run, "episodes")[0].record.grid == (1, 4)
    tones = rows(run, "tone")
    assert [tone.sample_rate for tone in tones] == [16_000] * 4
    assert tones[0].array.dtype == np.float32
    assert rows(run, "stereo")[0].array.shape == (2, 16_000)
    gif = rows(run, "as a gif")[0]
    assert gif.file.startswith(b"GIF89a")
    assert gif.frames()[0, 36, 6].tolist() == [240, 120, 60]


CHECKS = {"sound_and_video": check_sound_and_video}
