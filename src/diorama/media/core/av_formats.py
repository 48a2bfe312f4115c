"""The formats of sound and video that are known, told by their first bytes.

Only the demuxer that belongs to those bytes ever runs on a user's file, whatever its name says: nothing here
leads to a playlist, a `concat` list or a URL.
"""

from __future__ import annotations

HEAD_BYTES = 64
"""So many first bytes are enough to tell."""

MIMES = {
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "mpeg": "video/mpeg",
    "gif": "image/gif",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "au": "audio/basic",
    "caf": "audio/x-caf",
}
DEMUXERS = {
    "mp4": "mov",
    "m4a": "mov",
    "mov": "mov",
    "webm": "matroska",
    "mkv": "matroska",
    "avi": "avi",
    "mpeg": "mpeg",
    "ogg": "ogg",
    "wav": "wav",
    "flac": "flac",
    "mp3": "mp3",
    "aac": "aac",
    "aiff": "aiff",
    "au": "au",
    "caf": "caf",
}
"""FFmpeg's names. A gif is read by Pillow."""
INLINE = frozenset({"mp4", "m4a", "webm", "ogg", "wav", "flac", "mp3", "aac"})
"""What browsers play."""

_PICTURE_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"})


def sniff(data: bytes | memoryview) -> str | None:
    """The format that the first bytes tell, or None."""
    head = bytes(data[:HEAD_BYTES])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _PICTURE_BRANDS:
            return None
        return "mov" if brand == b"qt  " else "m4a" if brand in (b"M4A ", b"M4B ") else "mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head else "mkv" if b"matroska" in head else None
    if head.startswith((b"RIFF", b"RF64")):
        return {b"WAVE": "wav", b"AVI ": "avi"}.get(head[8:12])
    if head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head.startswith(b"\xff") and len(head) >= 4:
        return _sniff_frame(head)
    for magic, found in _MAGICS.items():
        if head.startswith(magic):
            return found
    return None


_MAGICS = {
    b"OggS": "ogg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"fLaC": "flac",
    b"ID3": "mp3",
    b".snd": "au",
    b"caff": "caf",
    b"\0\0\1\xba": "mpeg",
}


def _sniff_frame(head: bytes) -> str | None:
    """mp3 and aac may begin with a bare frame; the sync bits alone would take UTF-16 text for sound."""
    if head[1] & 0xF6 == 0xF0:
        return "aac" if (head[2] >> 2) & 15 < 13 else None
    is_layer_3 = head[1] & 0xE6 == 0xE2 and (head[1] >> 3) & 3 != 1
    return "mp3" if is_layer_3 and head[2] >> 4 not in (0, 15) and (head[2] >> 2) & 3 != 3 else None


def mime_of(data: bytes | memoryview) -> str | None:
    """The MIME type that the first bytes tell, or None."""
    found = sniff(data)
    if found == "ogg" and bytes(data[28:36]).startswith((b"\x80theora", b"fishead", b"OVP80")):
        return "video/ogg"
    return MIMES[found] if found else None


def inline_mime_of(head: bytes) -> str | None:
    """The MIME type of sound or video that a browser may be given to play, or None."""
    return mime_of(head) if sniff(head) in INLINE else None


def reason_of(error: Exception) -> str:
    """What a worker said went wrong, without the class of its exception: this is read by people."""
    name, colon, words = str(error).partition(": ")
    return words if colon and name.isidentifier() else str(error)
