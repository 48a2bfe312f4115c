"""What `import diorama` offers, and what it says about what it does not."""

from __future__ import annotations

import pytest

import diorama


@pytest.mark.parametrize("name", ["Artifact", "save", "sweep", "watch"])
def test_names_of_wandb_that_are_not_there_yet_say_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"diorama.{name} is not there yet"):
        getattr(diorama, name)


def test_other_names_are_no_attributes() -> None:
    assert not hasattr(diorama, "no_such_name")


def test_every_public_name_is_there() -> None:
    assert [name for name in diorama.__all__ if not hasattr(diorama, name)] == []
