"""The query language of the runs list: text -> tree. Nothing is evaluated.

    query   = term (separator term)*            all terms must hold; separators are spaces and commas
    term    = ["-"] ( "tag:" x | "state:" x | path op value | text )
    op      = "=" "!=" ">" ">=" "<" "<=" "~"    "~": contains, whatever the case
    value   = a word, or "quoted text"; a word that begins with < > = only after "~"

A path is a column of the list (`COLUMNS`), "config.x", "summary.x", or just "x": config.x where a run has it,
else summary.x. "!=" also holds for runs that have no such value; every other comparison does not.
"""

from __future__ import annotations

import re
from typing import Any

from diorama.errors import BadRequest
from diorama.service.filter.fields import FIELDS
from diorama.service.filter.tree import Compare, Filter, Not, Place, Word, number_from_text

QUERY_LIMIT_CHARS = 4000
TERM_LIMIT = 50

COLUMNS = (
    *("name", "id", "state", "tags", "group", "job_type", "host", "notes"),
    *("created_at", "last_activity_at", "last_step", "exit_code"),
)
"""The fields that a bare name means; another one is a path in config or summary."""

_TOKEN = re.compile(
    r"""[\s,]*(?P<minus>-)?(?:
        (?P<label>tag|state):(?P<labelled>"[^"]*"|[^\s,"]+)
      | (?P<path>"[^"]+"|[^\s,"=!<>~]+)\s*(?P<op>!=|>=|<=|=|>|<|~)\s*(?P<value>"[^"]*"|[^\s,"]*)
      | (?P<text>"[^"]*"|[^\s,"]+)
    )""",
    re.VERBOSE,
)


def parse(query: str) -> list[Filter]:
    """The terms of a query. Raises BadRequest for one that is too long or can't be read.

    >>> parse('lr>0.1 -tag:old')
    [lr > 0.1, not tag = old]
    """
    if len(query) > QUERY_LIMIT_CHARS:
        raise BadRequest(f"the search is over {QUERY_LIMIT_CHARS} characters long")
    terms: list[Filter] = []
    position = 0
    end = len(query.rstrip(" \t\r\n,"))
    while position < end:
        match = _TOKEN.match(query, position)
        if match is None:
            raise BadRequest(
                f"the search can't be read from {query[position : position + 40]!r} on",
                hint='for example: lr>0.1 state:running -tag:old "two words"',
            )
        term = _term_of(match)
        terms.append(Not(term) if match["minus"] is not None else term)
        position = match.end()
    if len(terms) > TERM_LIMIT:
        raise BadRequest(f"the search has more than {TERM_LIMIT} terms")
    return terms


def searched_texts(query: str) -> list[str]:
    """The words of a query that no condition is made of: they are looked for in what runs are called.

    >>> searched_texts('lr>0.1 wide -old')
    ['wide', 'old']
    """
    parts = [term.part if isinstance(term, Not) else term for term in parse(query)]
    return [
        str(part.values[0]) for part in parts if isinstance(part, Compare) and part.place.column == "search"
    ]


def place_of(path: str) -> Place:
    """What a path in a query or an order means."""
    column = "tags" if path == "tag" else path
    if column in COLUMNS:
        return Place(path, column)
    if path.startswith(("config.", "summary.")):
        return Place(path, paths=(path,))
    return Place(path, paths=(f"config.{path}", f"summary.{path}"))


def _term_of(match: re.Match[str]) -> Filter:
    if match["label"]:
        return Compare(place_of(match["label"]), "=", (Word(_unquoted(match["labelled"])),))
    if match["path"]:
        op: Any = match["op"]
        if op != "~" and match["value"].startswith(("<", ">", "=")):
            raise BadRequest(
                f"{match[0].strip()!r} can't be read: one of = != > >= < <= ~ and then a value",
                hint='a value that begins with such a sign is quoted: name="<b>"',
            )
        place, word = place_of(_unquoted(match["path"])), Word(_unquoted(match["value"]))
        is_number = place.column is not None and FIELDS[place.column].kind in ("number", "time")
        if is_number and op != "~" and number_from_text(word) is None:
            raise BadRequest(f"{place.name} is a number, and {word[:80]!r} is none")
        return Compare(place, op, (word,))
    return Compare(Place("", "search"), "~", (Word(_unquoted(match["text"])),))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text
