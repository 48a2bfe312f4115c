"""Which files are taken for closed to change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diorama.journal.sealed import CAN_SEAL, is_sealed, seal_file, unseal_file

pytestmark = pytest.mark.skipif(not CAN_SEAL, reason="no rights of files here")


def test_a_file_is_closed_and_opened_again(tmp_path: Path) -> None:
    with (tmp_path / "film").open("wb") as file:
        assert not is_sealed(os.fstat(file.fileno()))
        seal_file(file.fileno())
        assert is_sealed(os.fstat(file.fileno()))
        unseal_file(file.fileno())
        assert not is_sealed(os.fstat(file.fileno()))


@pytest.mark.parametrize("mode", [0o444, 0o440, 0o500, 0o600, 0o644, 0o000])
def test_other_rights_say_nothing(tmp_path: Path, mode: int) -> None:
    """Some file systems give every file the same rights, whatever was asked for."""
    path = tmp_path / "film"
    path.touch()
    path.chmod(mode)
    assert not is_sealed(path.stat())
