"""What a newcomer types, and gets told: options as the docs write them, waiting journals, keys, demo."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from owner import Service
from server_sample import fill

import diorama
from diorama.cli import VERBS, build_parser, main
from diorama.journal.folder import note_parked
from diorama.journal.lease import Lease
from diorama.model import StoreDir
from diorama.sidecar.pump import token_of

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def filled(own_store: Path) -> StoreDir:
    with Service.open(StoreDir(own_store)) as service:
        fill(service)
    return StoreDir(own_store)


def log_to(url: str | None, name: str = "r") -> Path:
    """A run that nobody stores; its journal."""
    mode = "offline" if url is None else "online"
    more = {} if url is None else {"base_url": url}
    settings = {"console": "off", "sidecar": "none", **more}
    run = diorama.init(project="p", name=name, mode=mode, settings=settings)
    run.log({"x": 1})
    channel = run._channel
    assert channel is not None
    folder = channel.writer.directory
    run.finish()
    return folder


# -- options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", [["--sort", "-summary.acc"], ["--sort=-summary.acc"]])
def test_a_value_may_begin_with_a_dash(filled: StoreDir, sort: list[str]) -> None:
    asked = ["ls", "demo", "--query", "-tag:old", *sort, "--limit", "10"]
    options = build_parser().parse_args(asked)
    assert (options.sort, options.query, options.limit) == ("-summary.acc", "-tag:old", 10)
    assert main(asked) == 0


@pytest.mark.parametrize("asked", [["--sort", "--json"], ["--sort"], ["--sort", "--", "-x"]])
def test_an_option_is_no_value(asked: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main(["ls", "demo", *asked])
    assert left.value.code == 2
    assert "--sort: expected one argument" in capsys.readouterr().err


def test_help_is_asked_for_anywhere(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main(["ls", "--sort", "-h"])
    assert left.value.code == 2
    with pytest.raises(SystemExit) as left:
        main(["ls", "demo", "-h"])
    assert left.value.code == 0
    capsys.readouterr()


@pytest.mark.parametrize("verb", VERBS)
def test_options_are_written_out(verb: str, tmp_path: Path, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main([verb, "--stor", str(tmp_path / "x")])
    assert left.value.code == 2
    assert "--stor" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("port", ["abc", "99999", "-1", ""])
def test_a_port_that_is_none(port: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["ui", f"--port={port}"])
    error = capsys.readouterr().err
    assert f"a port is a number from 0 to 65535, and {port!r} is none" in error
    assert "_port" not in error


def test_a_number_that_is_none(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["ls", "--limit", "x"])
    assert "'x' is no whole number" in capsys.readouterr().err


# -- ls ----------------------------------------------------------------------------------------------


def test_ls_says_that_no_run_has_what_it_sorts_by(filled: StoreDir, capsys: Capture) -> None:
    assert main(["ls", "demo", "--sort", "-bogus"]) == 0
    told = capsys.readouterr()
    assert "First run" in told.out
    assert "no run of this project has a value 'bogus'" in told.err
    for known in ("-created_at", "runtime", "name", "lr", "-config.lr", ""):
        assert main(["ls", "demo", f"--sort={known}"]) == 0
        assert capsys.readouterr().err == ""


def test_ls_says_what_it_can_not_read(filled: StoreDir, capsys: Capture) -> None:
    for query in ("lr<<", "lr<<1", "lr==1", "lr=>1"):
        assert main(["ls", "demo", "--query", query]) == 1
        assert f"{query!r} can't be read" in capsys.readouterr().err
    for query in ('lr="<1"', "name~<b>"):
        assert main(["ls", "demo", "--query", query]) == 0
    capsys.readouterr()


def test_ls_says_which_words_it_searched_for(filled: StoreDir, capsys: Capture) -> None:
    assert main(["ls", "demo", "--query", "wide lr>0"]) == 0
    assert capsys.readouterr().out == "none of 1 runs matches; searched as text: 'wide'\n"
    assert main(["ls", "demo", "--query", "lr>1"]) == 0
    assert capsys.readouterr().out == "none of 1 runs matches\n"


def test_ls_after_an_offline_run_names_sync(own_store: Path, capsys: Capture) -> None:
    assert main(["ls"]) == 1
    assert "diorama demo" in capsys.readouterr().err
    log_to(None)
    assert main(["ls"]) == 1
    error = capsys.readouterr().err
    assert "no store" in error
    assert "`diorama sync` stores it" in error
    assert main(["ls", "--store", str(own_store)]) == 1
    assert f"`diorama sync --store {own_store}`" in capsys.readouterr().err


# -- key ---------------------------------------------------------------------------------------------


def test_key_says_that_it_made_a_store(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "typo"
    assert main(["key", "--store", str(folder)]) == 0
    told = capsys.readouterr()
    assert len(told.out.split()) == 1
    assert str(folder) in told.err
    assert "a new one was made there" in told.err
    assert main(["key", "--store", str(folder)]) == 0
    assert capsys.readouterr().err == ""


# -- sync --------------------------------------------------------------------------------------------

NOBODY = "http://127.0.0.1:9"  # the discard port: nobody listens there
OTHER = "http://127.0.0.1:19"


def test_sync_says_one_thing_of_what_its_own_process_stores(own_store: Path, capsys: Capture) -> None:
    journal = log_to(NOBODY)
    token = token_of(journal.name)
    assert token is not None
    with ExitStack() as served:
        lease = Lease.acquire(journal.parent, token)
        assert lease is not None
        served.enter_context(lease)
        assert main(["sync"]) == 0
        told = capsys.readouterr()
        assert "nothing was waiting" not in told.out
        assert f"entries of 1 runs wait for {NOBODY}; they are left to" in told.err
        note_parked(journal, "it answered 401 (wrong key)")
        assert main(["sync"]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert "which could not store them: it answered 401 (wrong key)" in told.err
        assert main(["sync", "--dry-run"]) == 0
        assert "it answered 401 (wrong key)" in capsys.readouterr().out


def test_sync_says_which_server_the_key_was_not_used_for(
    own_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    from diorama.cli.sync import _key_for, _places

    for url in (NOBODY, OTHER):
        log_to(url)
    places = _places([], StoreDir(own_store), None)
    remote = [place for place in places if place.url]
    assert {place.url for place in remote} == {NOBODY, OTHER}
    monkeypatch.setenv("DIORAMA_API_KEY", "k" * 40)
    for place in remote:
        assert _key_for(place, None, places, is_refused=False) is None
        error = capsys.readouterr().err
        assert f"the key of DIORAMA_API_KEY was not used for {place.url}, because" in error
        assert f"diorama sync --url {place.url} {place.root}" in error
        assert "k" * 40 not in error
        # That command uses it.
        only = _places([place.root], StoreDir(own_store), place.url)
        assert [_key_for(one, place.url, only, is_refused=False) for one in only] == ["k" * 40]
    monkeypatch.setenv("DIORAMA_URL", f"{NOBODY}/")
    used = {place.url: _key_for(place, None, places, is_refused=False) for place in remote}
    assert used == {NOBODY: "k" * 40, OTHER: None}
    error = capsys.readouterr().err
    assert f"not used for {OTHER}, because DIORAMA_URL names another server" in error
    assert f"not used for {NOBODY}" not in error
    monkeypatch.delenv("DIORAMA_API_KEY")
    assert _key_for(remote[0], None, places, is_refused=False) is None
    assert capsys.readouterr().err == "", "there is no key that could have been used"


# -- demo and examples -------------------------------------------------------------------------------


def test_the_demo_says_how_to_see_its_runs_again(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from diorama.cli.demo import _tell_where

    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    _tell_where(".demo")
    assert "`diorama ui --store .demo`" in capsys.readouterr().out
    _tell_where(None)
    assert "`diorama ui`" in capsys.readouterr().out
    monkeypatch.setattr("shutil.which", lambda name: None)
    _tell_where("a b")
    assert "-m diorama ui --store 'a b'`" in capsys.readouterr().out


def test_what_examples_write_is_ignored() -> None:
    root = Path(__file__).resolve().parents[3]
    ignored = (root / ".gitignore").read_text().splitlines()
    for name in ("poses.sdf", "report.html"):
        assert f'"{name}"' in "".join(path.read_text() for path in (root / "examples").glob("*.py"))
        assert {f"/{name}", f"/examples/{name}"} <= set(ignored)
