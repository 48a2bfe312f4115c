"""What headers logged bytes get."""

from __future__ import annotations

from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_sample import PICTURE

from diorama.media.core.av_formats import inline_mime_of
from diorama.server.content import attachment, byte_range, content_headers, picture_type


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (PICTURE[:16], "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1", "image/jpeg"),
        (b"GIF89a\1\0\1\0", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x10\0\0\0\0\0\0\0\x36\0\0\0", "image/bmp"),
    ],
)
def test_five_picture_formats_are_shown(head: bytes, mime: str) -> None:
    headers = content_headers(head)
    assert headers["content-type"] == mime
    assert "content-disposition" not in headers


@pytest.mark.parametrize(
    "head",
    [b"", b"<svg xmlns=", b"<!doctype html>", b"%PDF-1.7", b"%!PS-Adobe", b"BM<script>", b"RIFF....CDXA"],
)
def test_everything_else_is_a_sandboxed_download(head: bytes) -> None:
    headers = content_headers(head)
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@given(st.binary(max_size=16))
def test_any_head_gets_a_policy(head: bytes) -> None:
    headers = content_headers(head)
    is_shown = picture_type(head) is not None or inline_mime_of(head) is not None
    assert is_shown == ("content-disposition" not in headers)
    assert "sandbox" in headers["content-security-policy"]


@given(st.text(max_size=400))
def test_any_name_makes_one_header_line(name: str) -> None:
    line = attachment(name)
    assert line.isascii()
    assert not set(line) & set("\r\n\0")
    shown = unquote(line.partition("''")[2])
    assert len(shown.encode()) <= 150
    assert not set(shown) & set('/\\\r\n\0"\u202e')


def test_a_plain_name_survives() -> None:
    header = Message()
    header["content-disposition"] = attachment("Fünf Äpfel.png")
    assert header.get_filename() == "Fünf Äpfel.png"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=5-999999999999999999", (5, 10)),
        ("bytes=0-1,3-4", None),
        ("bytes=4-2", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("lines=1-2", None),
    ],
)
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 10) == expected


def test_a_range_behind_the_end_is_an_error() -> None:
    for header in ("bytes=10-", "bytes=11-20", "bytes=-0"):
        with pytest.raises(ValueError, match="behind"):
            byte_range(header, 10)
