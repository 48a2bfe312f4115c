"""The one walk over the media of an entry."""

from __future__ import annotations

import typing

import pytest

from diorama.journal.entry import (
    Attributes,
    Config,
    Define,
    Entry,
    File,
    Log,
    Summary,
    System,
    Warn,
    media_values,
    replace_values,
)


@pytest.mark.parametrize("entry", [Log(1, 1, 2.0, {"a": 1}), Config({"a": 1}), Summary({"a": 1}, ["b"])])
def test_data_may_hold_media(entry: Log | Config | Summary) -> None:
    assert media_values(entry) == [{"a": 1}]
    changed = replace_values(entry, lambda value: {**value, "more": 2})
    assert media_values(changed) == [{"a": 1, "more": 2}]
    assert media_values(entry) == [{"a": 1}], "the entry itself stays"
    assert replace_values(changed, lambda value: {"a": 1}) == entry, "nothing else has changed"


def test_the_content_of_a_file_is_media() -> None:
    assert media_values(File("a.txt", b"x")) == [b"x"]
    assert replace_values(File("a.txt", b"x"), bytes.upper) == File("a.txt", b"X")


@pytest.mark.parametrize(
    "entry", [System(1.0, {"cpu": 2.0}), Define("x"), Attributes(name="n"), Warn(1.0, "code", "text")]
)
def test_other_entries_hold_none(entry: Entry) -> None:
    assert media_values(entry) == []
    assert replace_values(entry, lambda value: None) is entry


def test_every_entry_with_values_of_the_user_is_walked() -> None:
    """A new kind of entry that may hold anything is either walked, or named here."""
    without_media = {("Start", "unused"), ("Start", "environment"), ("Environment", "data")}
    for kind in typing.get_args(Entry):
        for name, hint in typing.get_type_hints(kind).items():
            if hint in (typing.Any, dict[str, typing.Any]) and (kind.__name__, name) not in without_media:
                fields = dict.fromkeys(kind.__struct_fields__)
                assert media_values(kind(**{**fields, name: "here"})) == ["here"], (kind, name)
