"""Plugins that are broken, doubled, too new or hostile: each is named, and takes nothing with it."""

from __future__ import annotations

import errno
import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from owner import Service
from plugin_site import write_plugin
from server_sample import Sample, client_of

import diorama
from diorama.api.loaded import LoadedMedia
from diorama.cli import main
from diorama.cli.checks import check_plugins
from diorama.media import PluginMedia, PluginRecord, UnknownRecord, decode_record, encode_record
from diorama.media.core import limited
from diorama.media.core.encoding import encode_media
from diorama.media.core.keep import InMemory
from diorama.media.plugin import catalog
from diorama.media.plugin.catalog import describe_plugins
from diorama.media.plugin.kinds import kind_of
from diorama.model import BlobRef
from diorama.plugins import API, Importer, Kind, Plugin, installed
from diorama.plugins.contract import trouble_with
from diorama.plugins.installed import PluginError, load_plugin

HEAD = "from pathlib import Path\nfrom diorama.plugins import API, Importer, Kind, Plugin\n"
VIEW = "view=Path(__file__).with_name('view.js')"
GOOD = HEAD + f"PLUGIN = Plugin(api=API, kinds=(Kind(name='wave', {VIEW}),))\n"
MOUNT = {"view.js": "export function mount() {}"}
ENCODERS = (
    HEAD
    + f"""
import os, time
def double(body, blobs):
    return {{"sum": sum(blobs["a"]) + sum(blobs["b"])}}, {{"both": bytes(blobs["a"]) + bytes(blobs["b"])}}
def refuse(body, blobs): raise ValueError("no wave")
def die(body, blobs): os._exit(3)
def fill(body, blobs): return {{"list": [0] * 10**6}}, {{}}
def lie(body, blobs): return {{"of": {{"sha256": "0" * 64, "size_bytes": 1, "mime": "a/b"}}}}, {{}}
def list_blobs(body, blobs): return {{}}, {{"manifest": (b"x", "application/vnd.diorama.blobs")}}
def forget(body, blobs): return None
def spoil(body, blobs):
    import diorama.media.html.facts as facts
    facts.inspect = None
    return {{}}, {{}}
NAMES = [double, refuse, die, fill, lie, list_blobs, forget, spoil]
PLUGIN = Plugin(api=API, kinds=tuple(Kind(name=f.__name__, encode=f, {VIEW}) for f in NAMES))
"""
)


class Blobs:
    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, data: bytes | bytearray | memoryview, mime: str) -> BlobRef:
        import hashlib

        name = hashlib.sha256(data).hexdigest()
        self.held[name] = bytes(data)
        return BlobRef(name, len(self.held[name]), mime)

    def get(self, ref: BlobRef) -> bytes:
        return self.held[ref.sha256]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose plugins are installed, in this process and in its workers."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr(limited, "_apart", {})
    before = set(sys.modules)
    forget()
    yield folder
    for pool in limited._apart.values():
        pool.close()
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    forget()


def forget() -> None:
    """What was found by now is not believed any more."""
    importlib.invalidate_caches()
    installed._looked_at = -installed.REMEMBERED_SECS
    catalog._believed_until = 0.0


def encoded(media: PluginMedia, blobs: Blobs) -> Any:
    return decode_record(encode_record(encode_media(media.snapshot(), blobs.put)))


def raw(kind: str) -> PluginMedia:
    return PluginMedia(f"test:{kind}", {"n": 1}, {"a": b"\x01\x02", "b": b"\x03"}, is_raw=True, caption="c")


def test_what_a_plugin_adds_is_described_and_it_is_not_imported_here(site: Path) -> None:
    write_plugin(site, "test", GOOD, files=MOUNT)
    [found] = describe_plugins()
    assert (found.name, found.package, found.version, found.trouble) == ("test", "diorama-test", "1.0", "")
    assert [(kind.name, kind.title, kind.view) for kind in found.kinds] == [
        ("wave", "wave", MOUNT["view.js"])
    ]
    assert "diorama_test" not in sys.modules
    assert kind_of("test:wave").name == "wave"


BROKEN = {
    "import": ("import nothing_of_this_name\n", "No module named 'nothing_of_this_name'"),
    "exit": ("raise SystemExit(3)\n", "SystemExit"),
    "crash": ("import os; os._exit(4)\n", "exit code 4"),
    "attribute": ("x = 1\n", "has no attribute 'PLUGIN'"),
    "type": ("PLUGIN = {'kinds': []}\n", "gives a dict"),
    "newer": (
        HEAD + "PLUGIN = Plugin(api=2)\n",
        "API 2 of plugins, and this Diorama has API 1: update Diorama",
    ),
    "shadow": (
        HEAD + f"PLUGIN = Plugin(api=API, kinds=(Kind(name='image', {VIEW}),))\n",
        "'image' has the name of one of Diorama's own",
    ),
    "name": (HEAD + f"PLUGIN = Plugin(api=API, kinds=(Kind(name='A b', {VIEW}),))\n", "'A b' is no name"),
    "twice": (
        HEAD + f"PLUGIN = Plugin(api=API, kinds=(Kind(name='a', {VIEW}), Kind(name='a', {VIEW})))\n",
        "two kinds named 'a'",
    ),
    "view": (
        HEAD + "PLUGIN = Plugin(api=API, kinds=(Kind(name='a', view=Path('/nowhere/view.js')),))\n",
        "/nowhere/view.js can't be read",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("code", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_named_and_the_others_work(
    site: Path, service: Service, sample: Sample, caplog: pytest.LogCaptureFixture, code: str, words: str
) -> None:
    write_plugin(site, "broken", code, files=MOUNT)
    write_plugin(site, "test", GOOD, files=MOUNT)
    broken, good = describe_plugins()
    assert words in broken.trouble
    assert (broken.kinds, good.trouble) == ((), "")
    levels = {finding.text.split()[0]: finding for finding in check_plugins()}
    assert (levels["broken"].level, levels["test"].level) == ("warn", "ok")
    assert words in levels["broken"].text
    assert "diorama-broken" in levels["broken"].mend
    with caplog.at_level(logging.WARNING, "diorama.server"):
        listed = client_of(service).get("/api/plugins").json()["plugins"]
    assert [(one["name"], bool(one["trouble"]), len(one["kinds"])) for one in listed] == [
        ("broken", True, 0),
        ("test", False, 1),
    ]
    assert any(words in line and "broken" in line for line in caplog.messages)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"api": "1"}, "its api is a str"),
        ({"kinds": Kind("a", Path("a.js"))}, "its kinds are not a tuple of diorama.plugins.Kind"),
        ({"kinds": ("a",)}, "its kinds are not a tuple"),
        ({"importers": None}, "its importers are not a tuple of diorama.plugins.Importer"),
        ({"kinds": (Kind(5, Path("a.js")),)}, "the name of its kind 5 is a int, and not text"),
        ({"kinds": (Kind("a", Path("a.js"), title=5),)}, "the title of its kind 'a' is a int, and not text"),
        ({"kinds": (Kind("a", 7),)}, "the view of its kind 'a' is a int, and not the path of a file"),
        ({"kinds": (Kind("a", None),)}, "the view of its kind 'a' is a NoneType"),
        ({"kinds": (Kind("a", Path("a.js"), encode="f"),)}, "the encode of its kind 'a' is a str"),
        ({"kinds": (Kind("a", Path("a.js"), decode=1),)}, "the decode of its kind 'a' is a int"),
        ({"importers": (Importer("a", 1.5, list),)}, "the summary of its importer 'a' is a float"),
        ({"importers": (Importer("a", "reads", "read"),)}, "the read of its importer 'a' is a str"),
    ],
)
def test_a_part_of_another_type_is_named(part: dict[str, Any], words: str) -> None:
    assert words in trouble_with(Plugin(**{"api": API, **part}))


@pytest.mark.parametrize(
    ("error", "is_of_the_moment"),
    [
        (BlockingIOError(errno.EAGAIN, "no process"), True),
        (RuntimeError("can't start new thread"), True),
        (PermissionError(errno.EPERM, "no processes here"), False),
    ],
)
def test_media_that_meet_a_moment_without_processes_are_not_failed_for_ever(
    monkeypatch: pytest.MonkeyPatch, error: Exception, is_of_the_moment: bool
) -> None:
    def no_worker(*args: object) -> None:
        raise error

    monkeypatch.setattr(limited, "START_WAITS_SECS", ())
    monkeypatch.setattr(limited, "_Worker", no_worker)
    monkeypatch.setattr(limited, "_apart", {})
    if is_of_the_moment:
        with pytest.raises(OSError, match="no process can be started"):
            encoded(raw("double"), Blobs())
    else:
        assert isinstance(encoded(raw("double"), Blobs()), UnknownRecord)


def test_two_plugins_of_one_name_are_none(site: Path) -> None:
    write_plugin(site, "test", GOOD, package="first-wave", files=MOUNT)
    write_plugin(site, "test", GOOD, package="second-wave", files=MOUNT)
    [found] = describe_plugins()
    assert "2 plugins have this name" in found.trouble
    assert "first-wave, second-wave" in found.trouble
    with pytest.raises(PluginError, match="first-wave, second-wave"):
        load_plugin("test")


def test_an_encoder_gets_all_and_its_answer_is_stored(site: Path) -> None:
    write_plugin(site, "test", ENCODERS, files=MOUNT)
    blobs = Blobs()
    record = encoded(raw("double"), blobs)
    assert (record.plugin, record.package, record.version) == ("test:double", "diorama-test", "1.0")
    assert (record.body, record.caption) == ({"sum": 6}, "c")
    assert blobs.get(record.blobs["both"]) == b"\x01\x02\x03"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("refuse", "no wave"),
        ("die", "exit code 3"),
        ("fill", "put the rest into blobs"),
        ("lie", "looks like the name of stored bytes"),
        ("list_blobs", "can't have the MIME type"),
        ("forget", "NoneType"),
        ("gone", "has no kind 'gone'"),
    ],
)
def test_an_encoder_that_fails_costs_nothing(site: Path, kind: str, words: str) -> None:
    write_plugin(site, "test", ENCODERS, files=MOUNT)
    blobs = Blobs()
    failed = encoded(raw(kind), blobs)
    assert isinstance(failed, UnknownRecord)
    assert (failed.kind, failed.fields["of"], failed.caption) == ("failed", "plugin", "c")
    assert words in failed.fields["reason"]
    kept = [blobs.held[buffer["sha256"]] for buffer in failed.fields["buffers"]]
    assert kept == [b"\x01\x02", b"\x03"]


def test_a_raw_object_of_a_plugin_that_is_not_there_keeps_its_bytes(site: Path) -> None:
    failed = encoded(raw("double"), Blobs())
    assert "the plugin 'test' is not installed" in failed.fields["reason"]


def test_a_plugin_can_not_spoil_the_workers_of_others(site: Path) -> None:
    write_plugin(site, "test", ENCODERS, files=MOUNT)
    assert isinstance(encoded(raw("spoil"), Blobs()), PluginRecord)
    page = encode_media(diorama.Html("<title>A page</title>").snapshot(), Blobs().put)
    assert page.title == "A page"


def test_plain_content_needs_no_plugin(site: Path) -> None:
    blobs = Blobs()
    media = PluginMedia("test:wave", {"a": [1, 2.5, None]}, {"x.bin": b"12", "note": "text"}, sample_id="s")
    record = encoded(media, blobs)
    assert (record.body, record.package, record.sample_id) == ({"a": [1, 2.5, None]}, None, "s")
    loaded = LoadedMedia(record, blobs.get).load()
    assert (loaded.body, dict(loaded.blobs)) == (record.body, {"x.bin": b"12", "note": b"text"})
    assert loaded.trouble == "the plugin 'test' is not installed"
    write_plugin(
        site,
        "test",
        GOOD.replace("name='wave'", "name='wave', decode=lambda body, blobs: (body, dict(blobs))"),
    )
    forget()
    assert LoadedMedia(record, blobs.get).load() == (record.body, {"x.bin": b"12", "note": b"text"})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"plugin": "wave"}, "must be like"),
        ({"plugin": "Wave:x"}, "must be like"),
        ({"plugin": 5}, "must be text"),
        ({"body": {"a": float("nan")}}, r"body\.a is nan"),
        ({"body": {"a": 2**60}}, "2\\^53"),
        ({"body": {"a": [b"x"]}}, r"body\.a\[0\] is a bytes"),
        ({"body": {5: 1}}, "only text as keys"),
        ({"body": [1]}, "must be a dict"),
        ({"body": {"a": "x" * 70_000}}, "may have 65536"),
        ({"body": {"sha256": "", "size_bytes": 0, "mime": ""}}, "belong into blobs"),
        ({"blobs": {"../x": b""}}, "no name for a blob"),
        ({"blobs": {"x": 5}}, "must be bytes"),
        ({"blobs": {"x": (b"", "text")}}, "MIME type"),
        ({"blobs": {str(n): b"" for n in range(65)}}, "too many"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_once(given: dict[str, Any], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        PluginMedia(**{"plugin": "test:wave", **given})


def test_a_body_that_holds_itself_is_refused() -> None:
    body: dict[str, Any] = {}
    body["again"] = body
    with pytest.raises(ValueError, match="holds itself"):
        PluginMedia("test:wave", body)


def test_arrays_are_copied_when_they_are_given() -> None:
    import numpy as np

    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    media = PluginMedia(
        "test:wave", {"n": np.int64(3), "x": np.float32(0.5)}, {"a": array.T, "empty": array[:0]}
    )
    array[:] = 0
    first, second = media.snapshot().buffers
    assert isinstance(first, InMemory)
    assert np.frombuffer(first.read(), np.int16).tolist() == [0, 3, 1, 4, 2, 5]
    assert (second.size_bytes, media.snapshot().header["body"]) == (0, {"n": 3, "x": 0.5})


def test_views_are_served_by_hash_and_never_run_in_our_origin(
    site: Path, service: Service, sample: Sample
) -> None:
    write_plugin(site, "test", GOOD, files={"view.js": "export const mount = () => 'ü';"})
    client = client_of(service)
    [plugin] = client.get("/api/plugins").json()["plugins"]
    [kind] = plugin["kinds"]
    reply = client.get(f"/api/plugins/views/{kind['view']}")
    assert reply.text == "export const mount = () => 'ü';"
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "sandbox" in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert client.get(f"/api/plugins/views/{'0' * 64}").status_code == 404


def test_the_import_of_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import"]) == 0
    assert capsys.readouterr().out == "no importers are installed\n"
    assert main(["import", "csv-log", "x.csv"]) == 1
    assert "there is no importer 'csv-log'" in capsys.readouterr().err
    assert main(["import", "csv-log"]) == 1
    assert "name what to import" in capsys.readouterr().err
