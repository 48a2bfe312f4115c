"""Sessions, one-time tokens and the throttle, with a clock in our hand."""

from __future__ import annotations

from typing import Any

import pytest
from server_sample import KEY, settings
from starlette.requests import Request
from starlette.responses import Response

from diorama.errors import Forbidden, Unauthorized
from diorama.model import OWNER
from diorama.server.auth import SESSION_SECS, TOKEN_SECS, Auth, Throttle, mint_token
from diorama.server.problem import Refusal


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def request(method: str = "GET", client: str = "127.0.0.1", **headers: str) -> Request:
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "server": ("localhost", 7117),
        "path": "/",
        "query_string": b"",
        "client": (client, 1),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()
        ],
    }
    return Request(scope)


def cookie_of(auth: Auth, asked: Request | None = None) -> str:
    reply = Response()
    auth.give_session(asked or request(), reply)
    return reply.headers["set-cookie"]


def test_a_session_lasts_and_ends() -> None:
    clock = Clock()
    auth = Auth(settings(), clock=clock)
    cookie = cookie_of(auth).partition(";")[0]
    auth.check(request(cookie=cookie))
    clock.now += SESSION_SECS - 1
    auth.check(request(cookie=cookie))
    clock.now += 2
    with pytest.raises(Unauthorized):
        auth.check(request(cookie=cookie))


def test_a_session_survives_a_restart_but_not_a_new_key() -> None:
    cookie = cookie_of(Auth(settings())).partition(";")[0]
    Auth(settings()).check(request(cookie=cookie))
    with pytest.raises(Unauthorized):
        Auth(settings(key="j" * 64)).check(request(cookie=cookie))


def test_the_cookie_is_closed() -> None:
    header = cookie_of(Auth(settings()))
    for part in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert part in header
    assert "Secure" not in header


def test_behind_https_the_cookie_is_secure() -> None:
    proxied = Auth(settings(base_path="/diorama"))
    header = cookie_of(proxied, request(x_forwarded_proto="https"))
    assert "Secure" in header
    assert "Path=/diorama/" in header
    believed = cookie_of(Auth(settings()), request(x_forwarded_proto="https"))
    assert "Secure" not in believed, "nobody said that there is a proxy"


def test_two_stores_on_one_host_use_two_cookies() -> None:
    names = {cookie_of(Auth(settings(key=key))).partition("=")[0] for key in (KEY, "j" * 64)}
    assert len(names) == 2


def test_every_changed_character_voids_a_session() -> None:
    auth = Auth(settings())
    name, _, value = cookie_of(auth).partition(";")[0].partition("=")
    for place in range(len(value)):
        forged = value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]
        assert auth.find_actor(request(cookie=f"{name}={forged}")) is None
    assert auth.find_actor(request(cookie=f"{name}={value}")) == OWNER


def test_a_token_works_once() -> None:
    clock = Clock()
    auth = Auth(settings(), clock=clock)
    token = mint_token(KEY, now=clock.now + 1)
    clock.now += 1
    assert auth.redeem(request(), token)
    assert not auth.redeem(request(), token)


def test_a_token_ends_and_does_not_outlive_the_server() -> None:
    clock = Clock()
    auth = Auth(settings(), clock=clock)
    token = mint_token(KEY, now=clock.now)
    clock.now += TOKEN_SECS + 1
    assert not auth.redeem(request(), token)
    clock.now = 1_700_000_000.0 + 5
    restarted = Auth(settings(), clock=clock)
    assert not restarted.redeem(request(), token), "it may have been used with the server before"


@pytest.mark.parametrize(
    "token", ["", "x", "-", "--", "é", "0-0-0", "a" * 100_000, mint_token("j" * 64), "\x00"]
)
def test_what_nobody_minted_is_no_token(token: str) -> None:
    assert not Auth(settings()).redeem(request(), token)


def test_a_session_is_no_token_and_a_token_no_session() -> None:
    auth = Auth(settings())
    name, _, value = cookie_of(auth).partition(";")[0].partition("=")
    assert not auth.redeem(request(), value)
    assert auth.find_actor(request(cookie=f"{name}={mint_token(KEY)}")) is None


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", f"Basic {KEY}", KEY, f"Bearer {KEY[:-1]}", f"Bearer {KEY}x"]
)
def test_wrong_keys(header: str) -> None:
    with pytest.raises(Unauthorized):
        Auth(settings()).check(request(authorization=header))


def test_writes_by_cookie_need_the_header_that_forms_lack() -> None:
    auth = Auth(settings())
    cookie = cookie_of(auth).partition(";")[0]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        with pytest.raises(Forbidden):
            auth.check(request(method, cookie=cookie))
        auth.check(request(method, cookie=cookie, x_diorama="1"))
        auth.check(request(method, authorization=f"Bearer {KEY}"))


def test_without_auth_writes_still_need_the_header() -> None:
    auth = Auth(settings(is_auth_required=False))
    auth.check(request())
    with pytest.raises(Forbidden):
        auth.check(request("POST"))
    auth.check(request("POST", x_diorama="1"))


def test_the_throttle_counts_per_client_and_forgives() -> None:
    clock = Clock()
    throttle = Throttle(3, clock=clock)
    for _ in range(3):
        throttle.note_failure("a")
    with pytest.raises(Refusal) as refused:
        throttle.note_failure("a")
    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["retry-after"]) <= 60
    throttle.note_failure("b")
    clock.now += 61
    throttle.note_failure("a")


def test_a_right_key_passes_while_its_address_is_throttled() -> None:
    auth = Auth(settings())
    for _ in range(20):
        with pytest.raises(Unauthorized):
            auth.check(request(authorization="Bearer wrong"))
    with pytest.raises(Refusal):
        auth.check(request(authorization="Bearer wrong"))
    auth.check(request(authorization=f"Bearer {KEY}"))
