"""Text and Markdown: prompts, outputs, notes."""

from __future__ import annotations

import os
from typing import Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.keep import keep
from diorama.media.core.user_file import keep_file, keep_stream, rewound
from diorama.model import clean_text

FORMATS = ("plain", "markdown")
LANGUAGES: dict[str, str] = {
    ".py": "python", ".pyi": "python", ".json": "json", ".jsonl": "json", ".yaml": "yaml", ".yml": "yaml",
    ".toml": "toml", ".ini": "ini", ".sh": "shell", ".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp",
    ".cu": "cuda", ".rs": "rust", ".go": "go", ".java": "java", ".js": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".tsx": "typescript", ".html": "html", ".xml": "xml", ".css": "css", ".sql": "sql",
    ".diff": "diff", ".patch": "diff", ".r": "r", ".jl": "julia", ".lua": "lua", ".tex": "latex",
}  # fmt: skip


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


def text_from(value: Any) -> Text:
    """What a notebook's IPython.display.Markdown holds."""
    return Markdown(value.data)
