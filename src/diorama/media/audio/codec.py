"""From the snapshot of a sound to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from diorama.media.audio.facts import RATES, playable_wav
from diorama.media.audio.outline import outline_of
from diorama.media.audio.record import AudioRecord
from diorama.media.audio.samples import ENCODINGS, as_floats, smallest_type, to_stored
from diorama.media.audio.wav import write_wav
from diorama.media.core.array_bytes import array_from_kept
from diorama.media.core.av_formats import HEAD_BYTES, mime_of, reason_of, sniff
from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.extent import Data, head_of
from diorama.media.core.limited import DecodeError, run_limited

WAV = "audio/wav"
PEAKS_MIME = "application/vnd.diorama.peaks"
_ANY_MIME = "application/octet-stream"
_CPU_SECS = 60.0
_WALL_SECS = 120.0
_PLAYED_EVERYWHERE = ("u1", "i2", "f4")


def encode(snapshot: Snapshot, put_blob: PutBlob) -> AudioRecord:
    """The record of a sound, its blobs stored: the file, its outline, perhaps a preview."""
    header, kept = snapshot.header, snapshot.buffers[0]
    meta = {"caption": header["caption"], "sample_id": header["sample_id"]}
    if header["form"] == "samples":
        return _encode_samples(header, kept.read(), put_blob, meta)
    return _encode_file(header, kept.source(), put_blob, meta)


def _encode_samples(
    header: Mapping[str, Any], data: bytes | memoryview, put_blob: PutBlob, meta: dict[str, Any]
) -> AudioRecord:
    import numpy as np

    given = array_from_kept(header["array"], data)
    axes, sample_rate = header["axes"], header["sample_rate"]
    by_time = given[:, None] if axes == "t" else given.T if axes == "ct" else given
    stored_type = smallest_type(by_time, header["stored"])
    stored = to_stored(by_time, stored_type)
    floats = as_floats(stored)
    non_finite = out_of_range = 0
    if stored.dtype.kind == "f":
        non_finite = int(stored.size - np.count_nonzero(np.isfinite(stored)))
        out_of_range = int(np.count_nonzero(np.abs(stored) > 1) - np.count_nonzero(np.isinf(stored)))
    peaks, peak_count = outline_of(floats)
    problem, preview = None, None
    if stored_type not in _PLAYED_EVERYWHERE or not RATES[0] <= sample_rate <= RATES[1] or non_finite:
        try:
            preview = playable_wav(np.nan_to_num(np.clip(floats, -1, 1).astype(np.float32)), sample_rate)
        except ValueError as error:
            problem = f"browsers can't play this sound, and there is no preview: {error}"
    return AudioRecord(
        blob=put_blob(write_wav(stored, sample_rate), WAV),
        format="wav",
        sample_rate=sample_rate,
        channels=stored.shape[1],
        frame_count=len(stored),
        duration_secs=len(stored) / sample_rate,
        encoding=ENCODINGS[stored_type],
        peaks=put_blob(peaks, PEAKS_MIME) if peak_count else None,
        peak_count=peak_count,
        preview=None if preview is None else put_blob(preview, WAV),
        note=problem,
        non_finite=non_finite,
        out_of_range=out_of_range,
        dtype=given.dtype.name,
        axes=axes,
        **meta,
    )


def _encode_file(
    header: Mapping[str, Any], data: Data, put_blob: PutBlob, meta: dict[str, Any]
) -> AudioRecord:
    head = head_of(data, HEAD_BYTES)
    blob = put_blob(data, mime_of(head) or _ANY_MIME)
    suffix = os.path.splitext(header["name"] or "")[1][1:].lower()
    preview = None
    try:
        facts = run_limited(
            "diorama.media.audio.facts:inspect", {}, data, cpu_secs=_CPU_SECS, wall_secs=_WALL_SECS
        )
        if facts.pop("needs_preview"):
            preview, problem = _preview_of(data)
            facts["note"] = facts["note"] or problem
    except DecodeError as error:
        facts = {"note": _words_for(error)}
    peaks = facts.pop("peaks", b"")
    return AudioRecord(
        blob=blob,
        # What the first bytes say counts, not what the file is called.
        format=sniff(head) or suffix or "unknown",
        name=header["name"],
        peaks=put_blob(peaks, PEAKS_MIME) if peaks else None,
        preview=None if preview is None else put_blob(preview, WAV),
        **facts,
        **meta,
    )


def _preview_of(data: Data) -> tuple[bytes | None, str | None]:
    try:
        preview: bytes = run_limited(
            "diorama.media.audio.facts:preview", {}, data, cpu_secs=_CPU_SECS, wall_secs=_WALL_SECS
        )
    except DecodeError as error:
        return None, f"browsers may not play this sound, and there is no preview: {reason_of(error)}"
    return preview, None


def _words_for(error: DecodeError) -> str:
    if "No module named" in str(error):
        return (
            "soundfile and PyAV are not installed, so nobody looked into the file: "
            'pip install "diorama[media]"'
        )
    return f"the sound can't be read: {reason_of(error)}"


def warnings_of(record: AudioRecord) -> list[tuple[str, str, int]]:
    """(code, text, how many) of what can't be played or read as it was given."""
    warnings = []
    if record.non_finite:
        warnings.append(("audio.non_finite", "a sample of a sound is NaN or infinite", record.non_finite))
    if record.out_of_range:
        text = "a sample of a sound lies outside -1..1: it is kept, but players cut it off"
        warnings.append(("audio.out_of_range", text, record.out_of_range))
    if record.note is not None:
        warnings.append(("audio.note", "a sound is kept, but not all of it can be read or played", 1))
    return warnings
