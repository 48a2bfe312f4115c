"""Text and Markdown: prompts, outputs, notes."""

from __future__ import annotations

import os
from typing import Any, Literal

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot, clean_text
from diorama.media.file import ANY_MIME
from diorama.media.keep import keep
from diorama.media.user_file import keep_file, keep_stream, rewound
from diorama.model import BlobRef

INLINE_BYTES = 64 * 1024
"""Longer text lies in a blob; the record has only its beginning."""
BEGINNING_CHARS = 8192
FORMATS = ("plain", "markdown")
LANGUAGES: dict[str, str] = {
    ".py": "python", ".pyi": "python", ".json": "json", ".jsonl": "json", ".yaml": "yaml", ".yml": "yaml",
    ".toml": "toml", ".ini": "ini", ".sh": "shell", ".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp",
    ".cu": "cuda", ".rs": "rust", ".go": "go", ".java": "java", ".js": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".tsx": "typescript", ".html": "html", ".xml": "xml", ".css": "css", ".sql": "sql",
    ".diff": "diff", ".patch": "diff", ".r": "r", ".jl": "julia", ".lua": "lua", ".tex": "latex",
}  # fmt: skip


class TextRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="text"):
    """Text. Short text lies in `text`; for longer text `blob` holds all of it (UTF-8), `text` its beginning.

    char_count: Unicode code points of the whole. language: of code, which gets line numbers. name: of the
    file. source: the file itself when it was not UTF-8. undecoded: how many of its bytes are no text; each
    stands there as a backslash, an x and two digits.
    """

    text: str
    format: Literal["plain", "markdown"] = "plain"
    blob: BlobRef | None = None
    char_count: int = 0
    line_count: int = 0
    language: str | None = None
    name: str | None = None
    source: BlobRef | None = None
    undecoded: int = 0


class Text(Media):
    """Text that people read: a prompt, an answer, a source file, a log.

    Accepts: `data`, text, which is always taken literally; or the `pathlib.Path` of a text file or an open
    file, which are read (UTF-8, or UTF-16 with a byte order mark). `format`: "plain" or "markdown".
    `language`: of code ("python"), guessed from a file's suffix. `caption` and `sample_id`: text.

    Raises: TypeError for other data; ValueError for another format and for an empty file or a folder;
    FileNotFoundError.

    >>> Text("The cat sat on the mat.", caption="answer").format
    'plain'
    """

    KIND = "text"

    def __init__(
        self,
        data: Any,
        caption: str | None = None,
        format: str = "plain",
        language: str | None = None,
        *,
        sample_id: str | None = None,
    ) -> None:
        if format not in FORMATS:
            raise ValueError(f"format must be one of {list(FORMATS)}, not {format!r}")
        if language is not None and not isinstance(language, str):
            raise TypeError(f'language must be text like "python", not {type(language).__name__}')
        name = ""
        if isinstance(data, str):
            self._kept = keep(clean_text(data).encode("utf-8"))
        elif isinstance(data, os.PathLike):
            source = keep_file(data, subject="the text file")
            name, self._kept = source.name, source.kept
        elif callable(getattr(data, "read", None)):
            source = keep_stream(rewound(data), subject="the text file")
            name, self._kept = source.name, source.kept
        else:
            raise TypeError(
                f"text must be a str, a Path or an open file, not {type(data).__name__}; str(x) makes text"
            )
        self.format = format
        self.language = clean_text(language) if language else LANGUAGES.get(os.path.splitext(name)[1].lower())
        self.name = name or None
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)

    def snapshot(self) -> Snapshot:
        header = {
            "format": self.format,
            "language": self.language,
            "name": self.name,
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        return Snapshot(self.KIND, header, (self._kept,))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({bytes(self._kept.read()[:60]).decode('utf-8', 'replace')!r})"


class Markdown(Text):
    """Text in Markdown, shown formatted. HTML in it is shown as text, pictures of other sites as links.

    Accepts and raises what `Text` does, without `format`.

    >>> Markdown("# Epoch 3\\n\\n| metric | value |\\n|---|---|\\n| loss | 0.1 |").format
    'markdown'
    """

    def __init__(self, data: Any, caption: str | None = None, *, sample_id: str | None = None) -> None:
        super().__init__(data, caption, "markdown", sample_id=sample_id)


def encode(snapshot: Snapshot, put_blob: PutBlob) -> TextRecord:
    """The record of a text; a long one, or one that was not UTF-8, is stored as a blob of UTF-8."""
    header, data = snapshot.header, bytes(snapshot.buffers[0].read())
    text, undecoded = text_from_bytes(data)
    encoded = text.encode("utf-8")
    is_as_given = encoded == data
    blob = put_blob(encoded, "text/plain") if len(encoded) > INLINE_BYTES else None
    return TextRecord(
        text=text if blob is None else text[:BEGINNING_CHARS],
        format=header["format"],
        blob=blob,
        char_count=len(text),
        line_count=count_lines(text),
        language=header["language"],
        name=header["name"],
        source=None if is_as_given else put_blob(data, ANY_MIME),
        undecoded=undecoded,
        caption=header["caption"],
        sample_id=header["sample_id"],
    )


def text_from_bytes(data: bytes) -> tuple[str, int]:
    """The text, and how many bytes of it were no text: those read \\xNN."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), 0
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8"), 0
    except UnicodeDecodeError:
        text = data.decode("utf-8", "backslashreplace")
    # Every good byte comes back as itself, every other one as the four characters \xNN.
    return text, (len(text.encode("utf-8")) - len(data)) // 3


def count_lines(text: str) -> int:
    """Lines as editors count them: a line end at the end begins no further line.

    >>> [count_lines(text) for text in ("", "a", "a\\n", "a\\nb", "\\n")]
    [0, 1, 1, 2, 1]
    """
    return text.count("\n") + (text != "" and not text.endswith("\n"))


def decode(record: TextRecord, get_blob: GetBlob) -> str:
    """The whole text."""
    return record.text if record.blob is None else get_blob(record.blob).decode("utf-8")


def warnings_of(record: TextRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of bytes) of what could not be kept as it was given."""
    if not record.undecoded:
        return []
    return [
        ("text.undecoded", "a byte of a text file is not UTF-8 and was written as \\xNN", record.undecoded)
    ]


def _from_foreign(value: Any) -> Text:
    """What a notebook's IPython.display.Markdown holds."""
    return Markdown(value.data)


KIND = Kind(
    name="text",
    cls=Text,
    record=TextRecord,
    encode=encode,
    decode=decode,
    adopts=("IPython.core.display.Markdown",),
    adopt=_from_foreign,
    warnings=warnings_of,
)
