"""Episodes as videos and tones as sounds, one of each at every step."""

import numpy as np

import diorama

RATE = 16_000


def episode(step: int) -> np.ndarray:
    """(time, channels, height, width): a ball that rolls, a little better each time."""
    frames = np.full((24, 3, 48, 80), 40, np.uint8)
    for at in range(24):
        left = round(at * (1 + step) * 0.7)
        frames[at, :, 30:42, left : left + 12] = np.array([[[240]], [[180 - 20 * step]], [[60]]])
    return frames


def tone(step: int) -> np.ndarray:
    """One second that gets clearer from step to step."""
    times = np.arange(RATE) / RATE
    noise = np.random.default_rng(step).normal(scale=0.4 / (1 + step), size=RATE)
    return (0.5 * np.sin(2 * np.pi * 220 * times) + noise).clip(-1, 1).astype(np.float32)


with diorama.init(project="examples", name="sound and video") as run:
    for step in range(4):
        run.log(
            {
                "episode": diorama.Video(episode(step), fps=12, caption=f"after {step} epochs"),
                "episodes": diorama.Video(np.stack([episode(step)] * 3) / 255, fps=12),
                "tone": diorama.Audio(tone(step), sample_rate=RATE, sample_id="a"),
                "stereo": diorama.Audio(np.stack([tone(step), tone(0)]), sample_rate=RATE),
            }
        )
    run.log({"as a gif": diorama.Video(list(episode(3).transpose(0, 2, 3, 1)), fps=12, format="gif")})
    print("4 episodes and 4 tones were logged")
