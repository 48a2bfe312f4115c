"""Who may ask: the API key, browser sessions, and one-time tokens that become sessions.

Nothing is stored. A session and a one-time token are messages signed with secrets derived from the
key, so a restart of the server keeps everybody logged in, and a new key logs everybody out.
The key is compared in constant time and is never logged or sent back.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.responses import Response

from diorama.errors import Forbidden, Unauthorized
from diorama.lru import Lru
from diorama.model import OWNER, Actor
from diorama.server.key import KeyRing
from diorama.server.problem import Refusal
from diorama.server.settings import ServerSettings

FindKey = Callable[[HTTPConnection], str | None]
"""The store's key as a request carries it: None where it carries none, "" where it can't be the right one."""

SESSION_SECS = 30 * 24 * 3600
TOKEN_SECS = 12 * 3600
_CLOCK_SLACK_SECS = 60
_CLIENTS_REMEMBERED = 4096


def mint_token(key: str, *, now: float | None = None) -> str:
    """A one-time token for `/?token=...`: anybody who has the key may make one, without the server."""
    return _sign(key, "one-time token", round((time.time() if now is None else now) * 1000))


def store_name(key: str) -> str:
    """What a server of the store with this key calls itself in `/healthz`."""
    return _mac(key, "store name", "")[:12]


def _sign(key: str, purpose: str, when: int) -> str:
    message = f"{when:x}-{secrets.token_hex(16)}"
    return f"{message}-{_mac(key, purpose, message)}"


def _signed_at(key: str, purpose: str, text: str) -> int | None:
    """The number that was signed, or None when `text` was not signed with this key for this purpose."""
    message, _, mac = text.rpartition("-")
    if len(text) > 200 or not text.isascii() or not hmac.compare_digest(mac, _mac(key, purpose, message)):
        return None
    return int(message.split("-")[0], 16)


def _mac(key: str, purpose: str, message: str) -> str:
    secret = hmac.digest(key.encode(), f"diorama {purpose}".encode(), "sha256")
    return hmac.new(secret, message.encode(), hashlib.sha256).hexdigest()


class Throttle:
    """Counts wrong keys per client address; a right key always passes."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._failures: Lru[str, deque[float]] = Lru(_CLIENTS_REMEMBERED)

    def note_failure(self, client: str) -> None:
        """Count one more; Refusal 429 when there were too many within a minute."""
        now = self._clock()
        times = self._failures.get(client)
        if times is None:
            times = deque(maxlen=self._limit)
            self._failures.put(client, times)
        while times and times[0] < now - 60:
            times.popleft()
        if len(times) >= self._limit:
            wait_secs = max(1, round(times[0] + 60 - now))
            raise Refusal(
                429,
                "too many wrong keys",
                hint=f"wait {wait_secs} s; `diorama key` prints the right one",
                headers={"retry-after": str(wait_secs)},
            )
        times.append(now)


def bearer_key(asked: HTTPConnection) -> str | None:
    """What stands behind "Bearer " in the Authorization header; "" for another scheme."""
    header = asked.headers.get("authorization")
    if header is None:
        return None
    scheme, _, key = header.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


class Auth:
    """Decides about every request of one server."""

    def __init__(self, settings: ServerSettings, *, clock: Callable[[], float] = time.time) -> None:
        self.is_required = settings.is_auth_required
        self._ring = KeyRing(settings.key)
        self._clock = clock
        self._started_ms = round(clock() * 1000)
        self._used_tokens: dict[str, int] = {}
        self._throttle = Throttle(settings.limits.wrong_keys_per_minute)
        self._cookie_path = f"{settings.base_path}/"
        self._is_proxy_believed = bool(settings.base_path)

    def find_actor(self, asked: HTTPConnection, find_key: FindKey = bearer_key) -> Actor | None:
        """Whose key or session the request carries; the store's owner where none is needed; or None."""
        if not self.is_required:
            return OWNER
        key = find_key(asked)
        is_owner = self._is_key(key) if key is not None else self._has_session(asked)
        return OWNER if is_owner else None

    def check(self, asked: HTTPConnection, find_key: FindKey = bearer_key) -> Actor:
        """Who asks. Raises Unauthorized, Forbidden or Refusal 429 unless `asked` may go on.

        A browser sends its cookie by itself, so what is not a plain GET must also carry a header
        that no form and no foreign page can send: `X-Diorama: 1`, or the key (`find_key`).
        """
        key = find_key(asked)
        if self.is_required:
            if key is not None:
                if not self._is_key(key):
                    self._throttle.note_failure(_client(asked))
                    raise Unauthorized("the key is wrong", hint="`diorama key` prints the right one")
            elif not self._has_session(asked):
                raise Unauthorized(
                    "this needs the store's key or a session",
                    hint="open the URL that `diorama ui` prints, or send `Authorization: Bearer KEY`",
                )
        method = asked.scope["method"]
        if method not in {"GET", "HEAD"} and key is None and asked.headers.get("x-diorama") != "1":
            raise Forbidden("a browser must send the header `X-Diorama: 1` with this request")
        return OWNER

    def check_login(self, asked: HTTPConnection, key: str) -> None:
        """Raise unless `key` is the right one."""
        if not self._is_key(key):
            self._throttle.note_failure(_client(asked))
            raise Unauthorized("the key is wrong", hint="`diorama key` prints the right one")

    def redeem(self, asked: HTTPConnection, token: str) -> bool:
        """True when `token` is good and was never used before; it is used up now."""
        now_ms = round(self._clock() * 1000)
        minted_ms = _signed_at(self._ring.current(), "one-time token", token)
        if minted_ms is None:
            self._throttle.note_failure(_client(asked))
            return False
        # A token from before our start may have been used with the server before us.
        is_fresh = (
            max(self._started_ms, now_ms - TOKEN_SECS * 1000)
            <= minted_ms
            <= now_ms + 1000 * _CLOCK_SLACK_SECS
        )
        if not is_fresh or token in self._used_tokens:
            return False
        oldest_ms = now_ms - TOKEN_SECS * 1000
        self._used_tokens = {used: at for used, at in self._used_tokens.items() if at > oldest_ms}
        self._used_tokens[token] = minted_ms
        return True

    def give_session(self, asked: HTTPConnection, reply: Response) -> None:
        """Put a session cookie on `reply`."""
        value = _sign(self._ring.current(), "session", round(self._clock()) + SESSION_SECS)
        is_https = asked.url.scheme == "https" or (
            self._is_proxy_believed and asked.headers.get("x-forwarded-proto") == "https"
        )
        reply.set_cookie(
            self._cookie_names()[0 if is_https and self._cookie_path == "/" else 1],
            value,
            max_age=SESSION_SECS,
            path=self._cookie_path,
            httponly=True,
            secure=is_https,
            samesite="strict",
        )

    @property
    def store_name(self) -> str:
        """A public name of this store: tells two servers apart, and tells nothing about the key."""
        return store_name(self._ring.current()) if self.is_required else ""

    def _cookie_names(self) -> tuple[str, str]:
        """Cookies do not know ports: the name tells two stores on one host apart."""
        name = f"diorama-{store_name(self._ring.current())}"
        return f"__Host-{name}", name

    def _has_session(self, asked: HTTPConnection) -> bool:
        if "cookie" not in asked.headers:
            return False
        key, now = self._ring.current(), self._clock()
        for name in self._cookie_names():
            expires = _signed_at(key, "session", asked.cookies.get(name, ""))
            if expires is not None and now < expires <= now + SESSION_SECS + _CLOCK_SLACK_SECS:
                return True
        return False

    def _is_key(self, given: str) -> bool:
        # Digests have one length, so that the comparison tells nothing about the key's length either.
        return hmac.compare_digest(
            hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest(),
            hashlib.sha256(self._ring.current().encode()).digest(),
        )


def _client(asked: HTTPConnection) -> str:
    return asked.client.host if asked.client else "unknown"
