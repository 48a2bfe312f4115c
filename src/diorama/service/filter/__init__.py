"""Filters of runs: two languages, one tree, one SQL.

search.py   what a person types in the runs list    ─┐
                                                     ├─► tree.py ─► known.py ─► sql.py
mongo.py    what a script asks for, as W&B's do     ─┘
"""

from diorama.service.filter.known import narrowed, present
from diorama.service.filter.mongo import compiled, plain, sort_path
from diorama.service.filter.search import parse, place_of, searched_texts
from diorama.service.filter.sql import condition

__all__ = [
    "compiled",
    "condition",
    "narrowed",
    "parse",
    "place_of",
    "plain",
    "present",
    "searched_texts",
    "sort_path",
]
