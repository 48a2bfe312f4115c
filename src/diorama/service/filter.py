"""The query language of the runs list: text -> terms -> parameterised SQL. Nothing is evaluated.

    query   = term (separator term)*            all terms must hold; separators are spaces and commas
    term    = ["-"] ( "tag:" x | "state:" x | path op value | text )
    op      = "=" "!=" ">" ">=" "<" "<=" "~"    "~": contains, whatever the case
    value   = a word, or "quoted text"

A path is a column of the list (name, id, state, group, job_type, host, notes, created_at, last_step,
exit_code), "config.x", "summary.x", or just "x": config.x where a run has it, else summary.x.
"!=" also holds for runs that have no such value; every other comparison does not.
"""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from diorama.errors import BadRequest
from diorama.store import schema
from diorama.store.text_search import fold, folded, position

Op = Literal["=", "!=", ">", ">=", "<", "<=", "~"]
QUERY_LIMIT_CHARS = 4000
TERM_LIMIT = 50

RUN_COLUMNS: dict[str, sa.Column[Any]] = {
    "name": schema.runs.c.name,
    "id": schema.runs.c.run_id,
    "state": schema.runs.c.state,
    "group": schema.runs.c.group_name,
    "job_type": schema.runs.c.job_type,
    "host": schema.runs.c.host,
    "notes": schema.runs.c.notes,
    "created_at": schema.runs.c.created_at,
    "last_activity_at": schema.runs.c.last_activity_at,
    "last_step": schema.runs.c.last_step,
    "exit_code": schema.runs.c.exit_code,
}

_TOKEN = re.compile(
    r"""[\s,]*(?P<minus>-)?(?:
        (?P<label>tag|state):(?P<labelled>"[^"]*"|[^\s,"]+)
      | (?P<path>"[^"]+"|[^\s,"=!<>~]+)\s*(?P<op>!=|>=|<=|=|>|<|~)\s*(?P<value>"[^"]*"|[^\s,"]*)
      | (?P<text>"[^"]*"|[^\s,"]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Term:
    """One condition. path "" is free text (op "~"); "tag" and "state" are labels (op "=")."""

    path: str
    op: Op
    value: str
    is_negated: bool = False

    def __repr__(self) -> str:
        return f"{'not ' if self.is_negated else ''}{self.path} {self.op} {self.value}"


def parse(query: str) -> list[Term]:
    """The terms of a query. Raises BadRequest for one that is too long or can't be read.

    >>> parse('lr>0.1 -tag:old')
    [lr > 0.1, not tag = old]
    """
    if len(query) > QUERY_LIMIT_CHARS:
        raise BadRequest(f"the search is over {QUERY_LIMIT_CHARS} characters long")
    terms: list[Term] = []
    position = 0
    end = len(query.rstrip(" \t\r\n,"))
    while position < end:
        match = _TOKEN.match(query, position)
        if match is None:
            raise BadRequest(
                f"the search can't be read from {query[position : position + 40]!r} on",
                hint='for example: lr>0.1 state:running -tag:old "two words"',
            )
        terms.append(_term_of(match))
        position = match.end()
    if len(terms) > TERM_LIMIT:
        raise BadRequest(f"the search has more than {TERM_LIMIT} terms")
    return terms


def _term_of(match: re.Match[str]) -> Term:
    is_negated = match["minus"] is not None
    if match["label"]:
        return Term(
            match["label"] if match["label"] == "tag" else "state",
            "=",
            _unquoted(match["labelled"]),
            is_negated,
        )
    if match["path"]:
        op: Any = match["op"]
        return Term(_unquoted(match["path"]), op, _unquoted(match["value"]), is_negated)
    return Term("", "~", _unquoted(match["text"]), is_negated)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


def condition(term: Term) -> sa.ColumnElement[bool]:
    """SQL over the table runs that holds where the term does."""
    found = _condition(term)
    return sa.not_(sa.func.coalesce(found, sa.false())) if term.is_negated else found


def _condition(term: Term) -> sa.ColumnElement[bool]:
    if term.path == "":
        return _contains(schema.runs.c.search, term.value.casefold())
    if term.path in ("tag", "tags"):
        # Tags are JSON text: the quotes make it a whole tag.
        text = json.dumps(term.value)
        if term.op == "=":
            return position(schema.runs.c.tags, text) > 0
        return position(folded(schema.runs.c.tags), fold(text[1:-1])) > 0
    if term.path in RUN_COLUMNS:
        return _compare_column(RUN_COLUMNS[term.path], term)
    if term.path.startswith(("config.", "summary.")):
        found = _has_leaf(term.path, term)
        return sa.not_(_has_leaf(term.path, _equal(term))) if term.op == "!=" else found
    config, summary = f"config.{term.path}", f"summary.{term.path}"
    if term.op == "!=":
        return sa.not_(_either(config, summary, _equal(term)))
    return _either(config, summary, term)


def _equal(term: Term) -> Term:
    return Term(term.path, "=", term.value)


def _either(config: str, summary: str, term: Term) -> sa.ColumnElement[bool]:
    return sa.or_(
        _has_leaf(config, term), sa.and_(sa.not_(_has_leaf(config, None)), _has_leaf(summary, term))
    )


def _has_leaf(path: str, term: Term | None) -> sa.ColumnElement[bool]:
    values = schema.run_values.c
    conditions = [values.run == schema.runs.c.id, values.path == path]
    if term is not None:
        conditions.append(_compare_leaf(term))
    return sa.exists(sa.select(values.run).where(*conditions).correlate(schema.runs))


def _compare_leaf(term: Term) -> sa.ColumnElement[bool]:
    values = schema.run_values.c
    if term.op == "~":
        return _contains(values.folded, term.value.casefold())
    number = number_from_text(term.value)
    if term.op == "=":
        same_text = values.text == term.value
        return sa.or_(same_text, values.number == number) if number is not None else same_text
    if number is not None:
        return _ordered(values.number, term.op, number)
    return sa.and_(values.number.is_(None), _ordered(values.text, term.op, term.value))


def _compare_column(column: sa.Column[Any], term: Term) -> sa.ColumnElement[bool]:
    is_text = isinstance(column.type, sa.Text)
    if term.op == "~":
        return position(folded(sa.cast(column, sa.Text)), fold(term.value)) > 0
    wanted: Any = term.value if is_text else number_from_text(term.value)
    if wanted is None:
        raise BadRequest(f"{term.path} is a number, and {term.value[:80]!r} is none")
    if term.op == "=":
        return sa.and_(column == wanted)
    if term.op == "!=":
        return sa.or_(column != wanted, column.is_(None))
    return _ordered(column, term.op, wanted)


def _ordered(column: sa.ColumnElement[Any], op: Op, wanted: Any) -> sa.ColumnElement[bool]:
    compare = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}[op]
    found: sa.ColumnElement[bool] = compare(column, wanted)
    return found


def _contains(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    return column.contains(text, autoescape=True)


def number_from_text(text: str) -> float | None:
    """The number that a text is; None for NaN and for what is no number."""
    if text in ("true", "false"):
        return float(text == "true")
    try:
        number = float(text)
    except ValueError:
        return None
    return None if number != number else number
