"""What the paths of a run are called in a table: by their plain text, as they were logged.

Where two paths of a run have the same plain text, each is called by its exact text (`summaries/paths.py`).
A row of a store of version 2 does not know its path: it belongs to the first path with its text that comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from diorama.service.flatten import short_key
from diorama.summaries.paths import Path, exact_text, plain_text


class Naming:
    """read: answers the rows that are called by some texts: text -> exact text of its path, or None.

    paths: all those that will be asked about.
    renamed: rows that have to be called otherwise: text -> new text, in an order in which it can be done.
    """

    def __init__(
        self, read: Callable[[list[str]], Iterable[tuple[str, str | None]]], paths: Iterable[Path]
    ) -> None:
        self.renamed: dict[str, str] = {}
        self._read = read
        self._looked_for: set[str] = set()
        self._owners: dict[str, str | None] = {}
        self._texts: dict[str, str] = {}
        self._texts_of = {path: _texts_of(path) for path in paths}
        self._look_for(text for texts in self._texts_of.values() for text in texts)

    def find(self, path: Path) -> str | None:
        """What a path is called, None if there is no row of it."""
        plain, exact = self._texts_of[path]
        if exact not in self._texts and plain in self._owners and self._owners[plain] is None:
            self._own(plain, exact)
        return self._texts.get(exact)

    def name(self, path: Path) -> None:
        """Give a path a name, because there will be a row of it. `find` tells the name."""
        if self.find(path) is not None:
            return
        plain, exact = self._texts_of[path]
        if plain not in self._owners:
            self._own(plain, exact)
            return
        self._make_way(plain)
        self._make_way(exact)
        self._own(exact, exact)

    def exact_of(self, path: Path) -> str:
        """The exact text of a path, as it is stored beside what the path is called."""
        return self._texts_of[path][1]

    def remove(self, path: Path) -> str | None:
        """The row of a path goes; returns what it is called, None if there is none."""
        text = self.find(path)
        if text is not None:
            del self._texts[self._texts_of[path][1]], self._owners[text]
        return text

    def _make_way(self, text: str) -> None:
        """Rename the path that is called by the plain text: from now on its exact text is its name."""
        if text not in self._looked_for:
            self._look_for([text])
        exact = self._owners.get(text)
        if exact is None or exact == text:
            return
        self._make_way(exact)
        self.renamed[text] = exact
        del self._owners[text]
        self._own(exact, exact)

    def _look_for(self, texts: Iterable[str]) -> None:
        unknown = [text for text in dict.fromkeys(texts) if text not in self._looked_for]
        if not unknown:
            return
        self._looked_for.update(unknown)
        for text, exact in self._read(unknown):
            if exact is not None:
                self._own(text, exact)
            else:
                self._owners.setdefault(text, None)

    def _own(self, text: str, exact: str) -> None:
        self._owners[text] = exact
        self._texts[exact] = text


def _texts_of(path: Path) -> tuple[str, str]:
    if len(path) == 1 and "." not in path[0] and "\\" not in path[0]:
        short = short_key(path[0])
        return short, short
    plain, exact = plain_text(path), exact_text(path)
    short = short_key(plain)
    return short, short if plain == exact else short_key(exact)
