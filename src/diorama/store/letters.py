"""Large and small letters, the same way everywhere."""

from __future__ import annotations

import functools
import sys


@functools.cache
def pairs() -> dict[str, str]:
    """Every large letter beyond ASCII with its small one; made at the first search, for it takes a while."""
    letters = map(chr, range(128, sys.maxunicode + 1))
    return {one: small for one in letters if len(small := one.casefold()) == 1 and small != one}


@functools.cache
def _table() -> dict[int, str]:
    return str.maketrans({**{chr(code): chr(code + 32) for code in range(65, 91)}, **pairs()})


def fold(text: str) -> str:
    """`text` without the difference of large and small letters; every letter stays one letter.

    >>> fold("Größe ΑΒΓ")
    'größe αβγ'
    """
    return text.translate(_table())
