"""Files that nobody looks into: kept byte for byte, offered for download."""

from __future__ import annotations

from diorama.media.core.base import ANY_MIME, Media, Snapshot
from diorama.media.core.keep import Kept, keep
from diorama.model import clean_text


class RunFile(Media):
    """Bytes that a run keeps under a name, such as requirements.txt.

    Accepts: `name` (non-empty text; "/" makes folders in the listing), `data` (bytes-like or text,
    text is stored as UTF-8), `mime` (guessed from the name when not given).
    Raises: TypeError for other data, ValueError for an empty name.

    >>> RunFile("notes.txt", "two epochs were enough").mime
    'text/plain'
    """

    KIND = "file"

    def __init__(
        self,
        name: str,
        data: bytes | bytearray | memoryview | str,
        *,
        mime: str | None = None,
        caption: str | None = None,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"a file needs a name, not {name!r}")
        if not isinstance(data, (bytes, bytearray, memoryview, str)):
            raise TypeError(f"the content of {name!r} must be bytes or text, not {type(data).__name__}")
        self.name = clean_text(name)
        self.mime = mime or _guess_mime(name)
        self.caption = None if caption is None else clean_text(caption)
        self._kept = keep(clean_text(data).encode("utf-8") if isinstance(data, str) else data)

    @classmethod
    def from_kept(cls, name: str, kept: Kept) -> RunFile:
        """A file whose bytes are kept already: a large one never lies in memory as a whole."""
        file = cls(name, b"")
        file._kept = kept
        return file

    def snapshot(self) -> Snapshot:
        header = {"name": self.name, "mime": self.mime, "caption": self.caption}
        return Snapshot(self.KIND, header, (self._kept,))


def _guess_mime(name: str) -> str:
    import mimetypes  # reads the machine's tables on first use

    return mimetypes.guess_type(name, strict=False)[0] or ANY_MIME
