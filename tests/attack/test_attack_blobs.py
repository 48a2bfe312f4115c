"""T19-T22, T33, T35, T52-T54: bytes that lie about what they are."""

from __future__ import annotations

import hashlib
import struct
import threading
import zlib

import pytest
from owner import Service
from server_sample import HTML, PICTURE, T0, Client, Sample, batch, client_of, png, start

from diorama.journal.entry import File, Log
from diorama.media import FileRecord, ImageRecord
from diorama.model import StoreDir
from diorama.server import api_blobs
from diorama.store.blobs import path_of


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_that_claims(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return PICTURE[:8] + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
POLYGLOT = PICTURE[:-12] + chunk(b"tEXt", b"Comment\0<script>alert(1)</script>") + PICTURE[-12:]

CONTENTS: dict[str, tuple[bytes, str, str]] = {
    # name: bytes, what the uploader claims, what we must answer
    "huge png": (png_that_claims(60_000, 60_000), "image/png", "image/png"),
    "absurd png": (png_that_claims(2**31 - 1, 1), "image/png", "image/png"),
    "zTXt bomb": (
        PICTURE[:-12] + chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 10_000_000)) + PICTURE[-12:],
        "image/png",
        "image/png",
    ),
    "png with a script": (POLYGLOT, "text/html", "image/png"),
    "gif with a tail": (b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)", "text/javascript", "image/gif"),
    "html": (HTML, "text/html", "application/octet-stream"),
    "html as png": (HTML + b" ", "image/png", "application/octet-stream"),
    "svg": (SVG, "image/svg+xml", "application/octet-stream"),
    "svg as png": (SVG + b" ", "image/png", "application/octet-stream"),
    "xml bomb": (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "text/xml", "application/octet-stream"),
    "postscript as png": (b"%!PS-Adobe-3.0 EPSF-3.0\n(cmd) system", "image/png", "application/octet-stream"),
    "tiff": (b"II*\0\x08\0\0\0" * 4, "image/tiff", "application/octet-stream"),
    "psd": (b"8BPS\0\1" + b"\0" * 20, "image/png", "application/octet-stream"),
    "ico": (b"\0\0\1\0\1\0" + PICTURE, "image/x-icon", "application/octet-stream"),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jpeg", "application/octet-stream"),
    "bm but no bmp": (b"BM<script>alert(1)</script>", "image/bmp", "application/octet-stream"),
    "pdf": (b"%PDF-1.7 /JS (app.alert(1))", "application/pdf", "application/octet-stream"),
    "javascript": (b"alert(document.cookie)", "text/javascript", "application/octet-stream"),
    "no type": (b"\x01\x02", "", "application/octet-stream"),
    "broken type": (b"\x01\x03", "text/html\x01; x=<script>", "application/octet-stream"),
    "playlist as video": (b"#EXTM3U\nfile:///etc/passwd", "video/mp4", "application/octet-stream"),
    "empty": (b"", "text/html", "application/octet-stream"),
    "mp4": (b"\0\0\0\x18ftypisom<script>alert(1)</script>", "text/html", "video/mp4"),
    "m4a": (b"\0\0\0\x18ftypM4A \0\0\0\0", "", "audio/mp4"),
    "webm": (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm<script>", "text/html", "video/webm"),
    "matroska": (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", "video/webm", "application/octet-stream"),
    "quicktime": (b"\0\0\0\x14ftypqt  ", "video/mp4", "application/octet-stream"),
    "avif as video": (b"\0\0\0\x1cftypavif", "video/mp4", "application/octet-stream"),
    "ogg sound": (b"OggS" + b"\0" * 24 + b"\x01vorbis", "text/html", "audio/ogg"),
    "ogg video": (b"OggS" + b"\0" * 24 + b"\x80theora", "text/html", "video/ogg"),
    "wav of 4 GiB": (b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0<script>", "text/html", "audio/wav"),
    "avi": (b"RIFF\x10\0\0\0AVI LIST", "video/mp4", "application/octet-stream"),
    "flac": (b"fLaC\0\0\0\x22<script>", "text/html", "audio/flac"),
    "mp3 with a tag": (b"ID3\x04\0\0\0\0\0\0<script>", "text/html", "audio/mpeg"),
    "mp3 frame": (b"\xff\xfb\x90\x64" + b"\0" * 20, "", "audio/mpeg"),
    "aac frame": (b"\xff\xf1\x50\x80" + b"\0" * 20, "", "audio/aac"),
    "html in UTF-16": (
        "\ufeff<script>alert(1)</script>".encode("utf-16-le"),
        "audio/mpeg",
        "application/octet-stream",
    ),
    "hls playlist": (
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/",
        "application/vnd.apple.mpegurl",
        "application/octet-stream",
    ),
    "concat list": (b"ffconcat version 1.0\nfile /etc/passwd", "video/mp4", "application/octet-stream"),
    "dash": (b"<?xml version='1.0'?><MPD/>", "application/dash+xml", "application/octet-stream"),
}


def log_blob(service: Service, data: bytes, mime: str) -> str:
    """Put bytes into a run, so that they can be asked for."""
    blob = service.put_blob(data, mime)
    record = FileRecord(blob=blob, name="x")
    service.ingest(batch(start(f"b-{blob.sha256[:16]}", project="blobs"), File("x", record)))
    return blob.sha256


@pytest.mark.parametrize("name", CONTENTS)
def test_t19_to_t22_the_bytes_decide_and_nothing_runs(service: Service, client: Client, name: str) -> None:
    data, claimed, expected = CONTENTS[name]
    sha256 = hashlib.sha256(data).hexdigest()
    put = client.put(f"/api/blobs/{sha256}", content=data, headers={"content-type": claimed.encode()})
    assert put.status_code == 201
    log_blob(service, data, put.json()["mime"])
    reply = client.get(f"/api/blobs/{sha256}")
    assert reply.status_code == 200
    assert reply.content == data
    assert reply.headers["content-type"] == expected
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"
    policy = reply.headers["content-security-policy"]
    assert "sandbox" in policy, "T33: even as a page of its own, it runs in an opaque origin"
    assert "default-src 'none'" in policy
    assert "allow-" not in policy
    if expected == "application/octet-stream":
        assert reply.headers["content-disposition"].startswith("attachment")


def test_t22_what_is_played_can_be_sought_and_still_runs_nothing(service: Service, client: Client) -> None:
    data = CONTENTS["mp4"][0] + bytes(range(256)) * 64
    sha256 = log_blob(service, data, "video/mp4")
    part = client.get(f"/api/blobs/{sha256}", headers={"range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, data[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(data)}"
    assert part.headers["content-type"] == "video/mp4"
    assert part.headers["x-content-type-options"] == "nosniff"
    tail = client.get(f"/api/blobs/{sha256}", headers={"range": "bytes=-5"})
    assert (tail.status_code, tail.content) == (206, data[-5:])
    beyond = client.get(f"/api/blobs/{sha256}", headers={"range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    "name", ["x.html", "../x", 'a"b', "a\r\nSet-Cookie: y=1", "\u202egnp.exe", "é" * 300, ""]
)
def test_t22_a_download_is_a_download_whatever_its_name(service: Service, client: Client, name: str) -> None:
    sha256 = log_blob(service, PICTURE, "image/png")
    reply = client.get(f"/api/blobs/{sha256}", params={"name": name})
    assert reply.headers["content-disposition"].startswith("attachment")
    assert len(reply.headers["content-disposition"]) < 600
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "claimed",
    ["0" * 64, "f" * 64, hashlib.sha256(b"other").hexdigest()],
)
@pytest.mark.usefixtures("untouched")
def test_t52_bytes_that_do_not_match_their_name_are_not_kept(
    service: Service, client: Client, claimed: str
) -> None:
    reply = client.put(f"/api/blobs/{claimed}", content=b"these bytes")
    assert reply.status_code == 422
    assert service.missing_blobs([claimed, hashlib.sha256(b"these bytes").hexdigest()]) != []
    assert client.get(f"/api/blobs/{claimed}").status_code == 404


@pytest.mark.parametrize(
    "name", ["", "x", "0" * 63, "0" * 65, "F" * 64, "g" * 64, "..%2f" * 10, "0" * 10_000]
)
@pytest.mark.usefixtures("untouched")
def test_t52_only_a_hash_is_a_name(client: Client, name: str) -> None:
    assert client.put(f"/api/blobs/{name}", content=b"x").status_code in {400, 404, 405}
    assert client.get(f"/api/blobs/{name}").status_code in {400, 404, 405}
    asked = client.post("/api/blobs/missing", json={"sha256": [name]})
    assert asked.status_code == 400


@pytest.mark.usefixtures("untouched")
def test_t52_more_bytes_than_allowed_are_413_and_not_kept(service: Service, sample: Sample) -> None:
    data = b"a" * 100_001
    small = client_of(service, limits=api_limits(100_000))
    assert small.put(f"/api/blobs/{hashlib.sha256(data).hexdigest()}", content=data).status_code == 413


def api_limits(blob_bytes: int) -> object:
    from diorama.server.settings import Limits

    return Limits(blob_bytes=blob_bytes)


def test_t52_many_upload_the_same_at_once(service: Service, sample: Sample) -> None:
    data = b"the same bytes" * 200_000
    sha256 = hashlib.sha256(data).hexdigest()
    statuses: list[int] = []

    def upload() -> None:
        statuses.append(client_of(service).put(f"/api/blobs/{sha256}", content=data).status_code)

    threads = [threading.Thread(target=upload) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 8
    assert service._blobs.get(sha256) == data


def test_t52_an_upload_alone_gives_nobody_access(client: Client) -> None:
    data = b"uploaded, but named by no run"
    sha256 = hashlib.sha256(data).hexdigest()
    assert client.put(f"/api/blobs/{sha256}", content=data).status_code == 201
    assert client.get(f"/api/blobs/{sha256}").status_code == 404


def test_t52_a_record_can_not_name_bytes_that_are_not_there(service: Service, client: Client) -> None:
    from diorama.journal.codec import encode_batch
    from diorama.model import BlobRef

    ghost = ImageRecord(blob=BlobRef("0" * 64, 10, "image/png"), width=1, height=1)
    body = encode_batch(batch(start("ghost", project="ghosts"), Log(0, 0, T0, {"picture": ghost})))
    reply = client.post("/api/ingest", content=body, headers={"content-type": "application/msgpack"})
    assert reply.status_code == 409
    assert client.get("/api/runs/local/ghosts/ghost").status_code == 404


@pytest.mark.parametrize("size", [10, 100_000])
def test_t54_a_flipped_bit_is_an_error_and_never_wrong_bytes(
    service: Service, client: Client, store_dir: StoreDir, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_blobs, "CHECKED_BYTES", 50_000)
    monkeypatch.setattr(api_blobs, "_PIECE_BYTES", 10_000)
    data = bytes(range(256)) * (size // 256 + 1)
    sha256 = log_blob(service, data[:size], "application/octet-stream")
    path = store_dir.blobs / path_of(sha256)
    damaged = bytearray(path.read_bytes())
    damaged[size // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(damaged)
    reply = client.get(f"/api/blobs/{sha256}")
    # A large one was already on its way when the damage showed: it must at least never be complete.
    assert reply.status_code == 500 or len(reply.content) < size
    path.write_bytes(data[:size])
    assert client.get(f"/api/blobs/{sha256}").content == data[:size]
    part = client.get(f"/api/blobs/{sha256}", headers={"range": f"bytes={size - 5}-"})
    assert (part.status_code, part.content) == (206, data[size - 5 : size])


def test_a_picture_is_never_opened_by_the_server() -> None:
    """Thumbnails are the sidecar's; the server hands out bytes and decodes none (T19, T20, T23)."""
    from pathlib import Path

    import diorama.server

    assert diorama.server.__file__ is not None
    for module in Path(diorama.server.__file__).parent.glob("*.py"):
        text = module.read_text(encoding="utf-8")
        assert "PIL" not in text
        assert "numpy" not in text


def test_the_sample_pictures_are_real() -> None:
    from io import BytesIO

    from PIL import Image

    assert Image.open(BytesIO(png(8, 4))).size == (8, 4)
