"""Two words for a run that nobody named, easy to say and to tell apart."""

from __future__ import annotations

import os


def _words(text: str) -> list[str]:
    return text.split()


_QUALITIES = _words("""
amber ancient bold brave bright brisk calm candid clever cosmic crisp curious daring deep distant dusky eager
earnest easy fabled fair fearless fine fleet fond free fresh frosty gentle giddy glad golden graceful grand
hardy hazel hidden honest humble ivory jolly keen kind lively lucid lucky lunar mellow merry mild misty noble
pale patient placid polar proud quick quiet rapid royal rustic sage scarlet serene sharp shy silent silver
simple sleek smooth snowy solar sound spry steady still stout subtle sunny swift tidy true upbeat velvet vivid
warm wild wise witty young zesty
""")

_THINGS = _words("""
acorn alcove anchor arbor atlas aurora badger bay beacon birch bloom breeze bridge brook canyon cedar
cliff cloud clover comet coral cove crane creek crest dawn delta dune eagle ember falcon fern field finch
fjord flame forest fountain fox galaxy garden glade glacier grove harbor hawk heath heron hill hollow island
jasmine lagoon lake lantern lark leaf maple marsh meadow mesa mill moon moss oak oasis ocean orchard orchid
otter owl path
pebble pine plateau pond prairie quartz rain raven reef ridge river robin sail sequoia shore sparrow spring
star stone stream summit sun thicket thistle tide trail valley violet wave willow wind wren
""")


def random_name() -> str:
    """Two words with a dash, such as "misty-harbor"."""
    return f"{_any_of(_QUALITIES)}-{_any_of(_THINGS)}"


def _any_of(words: list[str]) -> str:
    return words[int.from_bytes(os.urandom(8), "big") % len(words)]
