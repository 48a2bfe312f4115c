"""From the snapshot of a video to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from diorama.media.core.array_bytes import array_from_kept
from diorama.media.core.av_formats import HEAD_BYTES, mime_of, reason_of, sniff
from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.extent import Data, head_of, size_of
from diorama.media.core.limited import DecodeError, run_limited
from diorama.media.video.encode import CODEC_NAMES, poster_of, write_video
from diorama.media.video.frames import grid_of
from diorama.media.video.pixels import choose_scaling, tiled_frames
from diorama.media.video.record import VideoRecord

WEBP = "image/webp"
_ANY_MIME = "application/octet-stream"
_PREVIEW_CPU_SECS = 60.0
_PREVIEW_WALL_SECS = 120.0
_PREVIEW_LIMIT_BYTES = 512 << 20


def encode(snapshot: Snapshot, put_blob: PutBlob) -> VideoRecord:
    """The record of a video, its blobs stored: the file, a poster, perhaps a preview."""
    header, kept = snapshot.header, snapshot.buffers[0]
    meta = {"caption": header["caption"], "sample_id": header["sample_id"]}
    if header["form"] == "frames":
        return _encode_frames(header, kept.read(), put_blob, meta)
    return _encode_file(header, kept.source(), put_blob, meta)


def _encode_frames(
    header: Mapping[str, Any], data: bytes | memoryview, put_blob: PutBlob, meta: dict[str, Any]
) -> VideoRecord:
    videos = array_from_kept(header["array"], data)
    count, frame_count, height, width, _ = videos.shape
    rows, columns = grid_of(count)
    fps = Fraction(*header["fps"])
    scaling = choose_scaling(videos)
    file_format = header["format"]
    file = write_video(tiled_frames(videos, scaling.scale), fps, file_format)
    poster = poster_of(next(tiled_frames(videos[:, :1], scaling.scale)))
    preview = None
    if file_format == "ogg":
        preview = write_video(tiled_frames(videos, scaling.scale), fps, "mp4")
    return VideoRecord(
        blob=put_blob(file, mime_of(file) or _ANY_MIME),
        format=file_format,
        width=columns * width,
        height=rows * height,
        fps=float(fps),
        frame_count=frame_count,
        duration_secs=float(frame_count / fps),
        codec=CODEC_NAMES[file_format],
        poster=put_blob(poster, WEBP),
        preview=None if preview is None else put_blob(preview, "video/mp4"),
        grid=(rows, columns) if count > 1 else None,
        normalized=scaling.scale.rule,
        non_finite=scaling.non_finite,
        out_of_range=scaling.out_of_range,
        shown_range=scaling.scale.shown_range,
        **meta,
    )


def _encode_file(
    header: Mapping[str, Any], data: Data, put_blob: PutBlob, meta: dict[str, Any]
) -> VideoRecord:
    # What the first bytes say counts, not what the file is called.
    head = head_of(data, HEAD_BYTES)
    file_format = sniff(head) or header["format"]
    blob = put_blob(data, mime_of(head) or _ANY_MIME)
    try:
        facts = run_limited("diorama.media.video.facts:inspect", {"format": file_format}, data)
    except DecodeError as error:
        facts = {
            "note": _words_for(error, "the video can't be read"),
            "is_playable": False,
            "has_audio": False,
        }
    is_playable = facts.pop("is_playable")
    poster = facts.pop("poster", None)
    preview = None
    if not is_playable and "frame_count" in facts and poster is not None:
        preview, problem = _preview_of(file_format, data)
        if problem:
            facts["note"] = problem
    return VideoRecord(
        blob=blob,
        format=file_format,
        name=header["name"],
        poster=None if poster is None else put_blob(poster, WEBP),
        preview=None if preview is None else put_blob(preview, "video/mp4"),
        **facts,
        **meta,
    )


def _preview_of(file_format: str, data: Data) -> tuple[bytes | None, str | None]:
    if size_of(data) > _PREVIEW_LIMIT_BYTES:
        return None, "browsers may not play this file, and it is too large to make a preview of it"
    try:
        preview: bytes = run_limited(
            "diorama.media.video.preview:transcode",
            {"format": file_format},
            data,
            cpu_secs=_PREVIEW_CPU_SECS,
            wall_secs=_PREVIEW_WALL_SECS,
        )
    except DecodeError as error:
        return None, f"browsers may not play this file, and there is no preview: {reason_of(error)}"
    return preview, None


def _words_for(error: DecodeError, subject: str) -> str:
    if "No module named 'av'" in str(error):
        return 'PyAV is not installed, so nobody looked into the file: pip install "diorama[media]"'
    return f"{subject}: {reason_of(error)}"


def warnings_of(record: VideoRecord) -> list[tuple[str, str, int]]:
    """(code, text, how many) of what could not be kept or read."""
    warnings = []
    if record.non_finite:
        warnings.append(("video.non_finite", "a value of a video is NaN or infinite", record.non_finite))
    if record.note is not None:
        warnings.append(("video.note", "a video is kept, but not all of it can be read or shown", 1))
    return warnings
