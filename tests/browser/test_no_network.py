"""No packet leaves a logged page before a person allows it: pages that try, and ears that listen.

Every page runs twice: as this Chromium runs it, and as a browser would that does not know the header
`Connection-Allowlist`, where only the guard before the page's own code is left. Negative answers are
waited for by a control: a page without our rules, in the same browser, whose packet must arrive.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import LiveServer, serving, sign_in
from owner import Service
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from waiting import LIMIT_MS, until_true

from diorama.journal.entry import Batch, Log, Numbered, Start
from diorama.media.html.record import HtmlRecord
from diorama.model import StoreDir


class Ears:
    """A UDP and a TCP port of this machine; `heard` is everything that reached them."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._came = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.udp_port: int = self._udp.getsockname()[1]
        self.tcp_port: int = self._tcp.getsockname()[1]
        self._threads = [threading.Thread(target=self._hear_udp), threading.Thread(target=self._hear_tcp)]
        for thread in self._threads:
            thread.start()

    def forget(self) -> None:
        self.heard.clear()
        self._came.clear()

    def wait(self) -> None:
        """Until something came."""
        assert self._came.wait(20), "nothing came"

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"", ("127.0.0.1", self.udp_port))
        with socket.create_connection(("127.0.0.1", self.tcp_port)) as other:
            other.sendall(b"bye")
        for thread in self._threads:
            thread.join(10)
        self._udp.close()
        self._tcp.close()

    def _hear_udp(self) -> None:
        while packet := self._udp.recv(2048):
            self.heard.append(f"udp {len(packet)}")
            self._came.set()

    def _hear_tcp(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            with connection:
                connection.settimeout(2)
                try:
                    begin = connection.recv(200)
                except OSError:
                    begin = b""
            if begin == b"bye":
                return
            self.heard.append(f"tcp {begin[:60]!r}")
            self._came.set()


def ask_stun(port: int) -> str:
    """A script that opens WebRTC; without quotation marks and line ends, so that it fits anywhere."""
    return (
        f"try{{const p=new RTCPeerConnection({{iceServers:[{{urls:`stun:127.0.0.1:{port}`}}]}});"
        "p.createDataChannel(`x`);p.createOffer().then(o=>p.setLocalDescription(o))}catch(e){}"
    )


def webrtc_pages(stun: str) -> dict[str, str]:
    """Ways to a realm that has the constructors."""
    inner = f"<script>{stun}</script>"
    text = json.dumps(inner).replace("</", "<\\/")
    made = f"const f=document.createElement('iframe');const code={text};"
    return {
        "in the page": inner,
        "older name": inner.replace("RTCPeerConnection", "webkitRTCPeerConnection"),
        "before the head": f"{inner}<html><head><title>x</title></head>",
        "before the doctype": f"{inner}<!doctype html><head><title>x</title></head>",
        "in a tricky comment": f"<!-->{inner}--><!doctype html><head>",
        "in an attribute": f'<body onload="{stun}">',
        "blank frame": f"<iframe></iframe><script>try{{(0,frames[0].eval)({text})}}catch(e){{}}</script>"
        f"<iframe name=b></iframe><script>try{{frames.b.document.write({text})}}catch(e){{}}</script>",
        "written frame": f'<iframe srcdoc="{inner}"></iframe>',
        "frame in a frame": f"<iframe srcdoc=\"<iframe srcdoc='{inner}'></iframe>\"></iframe>",
        "made frame": f"<body><script>{made}f.srcdoc=code;document.body.append(f)</script>",
        "frame changed later": f"<body><script>{made}document.body.append(f);f.srcdoc='x';"
        "setTimeout(()=>{f.srcdoc=code},50)</script>",
        "frame by attribute node": f"<body><script>{made}const a=document.createAttribute('srcdoc');"
        "a.value=code;f.setAttributeNode(a);document.body.append(f)</script>",
        "frame by markup": f"<body><div id=d></div><script>const code={text};"
        "d.innerHTML='<iframe></iframe>';const f=d.firstChild;"
        "d.insertAdjacentHTML('beforeend',f.outerHTML);d.lastChild.setAttribute('srcdoc',code)</script>",
        "frame by document.write": f"<script>const code={text};document.write('<iframe src');"
        "document.write('doc=\"'+code+'\"></iframe>')</script>",
        "frame after document.open": f"<script>{made}addEventListener('load',()=>setTimeout(()=>{{"
        "document.open();document.write('<body>');document.close();f.srcdoc=code;document.body.append(f)},20))"
        "</script>",
        "frame in a closed shadow": f"<div id=d></div><script>{made}f.srcdoc=code;"
        "d.attachShadow({mode:'closed'}).append(f)</script>",
        "busy after the frame": f"<body><script>{made}f.srcdoc=code;document.body.append(f);"
        "const t=performance.now();while(performance.now()-t<400);</script>",
        "changed language": f"<body><script>{made}Function.prototype.call=Function.prototype.apply="
        "()=>null;String.prototype.startsWith=()=>true;RegExp.prototype.exec=()=>null;Array.prototype"
        "[Symbol.iterator]=()=>({next:()=>({done:true})});Element.prototype.getAttribute=()=>null;"
        "Object.defineProperty(NodeList.prototype,'length',{value:0});f.srcdoc=code;"
        "document.body.append(f)</script>",
        "frame of code": f'<iframe src="javascript:{stun}"></iframe>',
        "frame of spelt code": f'<iframe src=" &#106;ava&#9;script:{stun}"></iframe>',
        "made frame of code": f"<body><script>{made}f.src='javascript:'+{stun!r};"
        "document.body.append(f)</script>",
        "object of code": f'<object data="javascript:{stun}"></object><embed src="javascript:{stun}">',
        "frameset of code": f'<frameset><frame src="javascript:{stun}"></frameset>',
        "address of code": f"<script>location='javascript:'+encodeURIComponent('`'+{text}+'`')</script>",
        "page as a frame": f"<script>const code={text};const u=URL.createObjectURL(new Blob([code],"
        "{type:'text/html'}));document.write('<iframe src='+u+'></iframe><iframe src=\"data:text/html,'+"
        "encodeURIComponent(code)+'\"></iframe><object data='+u+'></object>')</script>",
        "page in its own place": f"<script>const code={text};location=URL.createObjectURL(new Blob([code],"
        "{type:'text/html'}))</script>",
        "worker": f"<script>new Worker(URL.createObjectURL(new Blob([{stun!r}])))</script>",
        "worker of a worker": "<script>new Worker(URL.createObjectURL(new Blob(['new Worker(URL."
        f"createObjectURL(new Blob([{stun.replace(chr(96), chr(34))!r}])))'.replace(/`/g,'\"')])))</script>",
        "templates": f"<body><template id=t><iframe srcdoc='{inner}'></iframe></template>"
        "<script>document.body.append(t.content.cloneNode(true),document.importNode(t.content,true))</script>",
        "utf-16": f"\ufeff{inner}",
    }


def other_pages(ears: Ears) -> dict[str, str]:
    """Ways out that are not WebRTC."""
    there, udp = f"127.0.0.1:{ears.tcp_port}", f"https://127.0.0.1:{ears.udp_port}/"
    web_transport = f"try{{new WebTransport('{udp}').ready.catch(()=>0)}}catch(e){{}}"
    return {
        "address": f"<script>location='http://{there}/'</script>",
        "opened in its place": f"<script>open('http://{there}/','_self')</script>",
        "clicked link": f"<a id=a href='http://{there}/'>x</a><script>a.click()</script>",
        "refresh": f"<meta http-equiv=refresh content='0;url=http://{there}/'>",
        "hints": f"<link rel=preconnect href='http://{there}'><link rel=dns-prefetch href='http://{there}'>"
        f"<link rel=prefetch href='http://{there}/'><link rel=preload as=image href='http://{there}/'>",
        "speculation": '<script type=speculationrules>{"prefetch":[{"source":"list","urls":'
        f'["http://{there}/"]}}]}}</script>',
        "sockets": f"<script>try{{new WebSocket('ws://{there}/')}}catch(e){{}}"
        f"try{{new EventSource('http://{there}/')}}catch(e){{}}navigator.sendBeacon('http://{there}/','x')"
        "</script>",
        "web transport": f"<script>{web_transport};const all=`{web_transport}`;"
        "new Worker(URL.createObjectURL(new Blob([all])))</script>",
        "frame elsewhere": f"<iframe src='http://{there}/'></iframe><object data='http://{there}/'></object>",
        "form": f"<form id=f action='http://{there}/'></form><script>f.submit()</script>",
        "ping": f"<a id=a ping='http://{there}/' href='#x'>x</a><script>a.click()</script>",
    }


@pytest.fixture(scope="module")
def ears() -> Iterator[Ears]:
    made = Ears()
    yield made
    made.close()


@pytest.fixture(scope="module")
def pages(ears: Ears) -> dict[str, str]:
    return {**webrtc_pages(ask_stun(ears.udp_port)), **other_pages(ears)}


@pytest.fixture(scope="module")
def logged(
    tmp_path_factory: pytest.TempPathFactory, pages: dict[str, str]
) -> Iterator[tuple[LiveServer, dict[str, str]]]:
    """A server of a run that logged the pages, and where each is."""
    store = tmp_path_factory.mktemp("pages") / "store"
    paths: dict[str, str] = {}
    with Service.open(StoreDir(store)) as service:
        entries: list[object] = [
            Start(entity="lab", project="pages", run="one", writer="w", pid=1, pid_started=1.0, time=1.0)
        ]
        for name, text in pages.items():
            data = text.encode("utf-16-le" if text.startswith("\ufeff") else "utf-8")
            blob = service.put_blob(data, "text/html")
            paths[name] = f"/api/content/{blob.sha256}"
            entries.append(Log(0, 0, 1.0, {name: HtmlRecord(blob=blob)}))
        numbered = [Numbered(seq, entry) for seq, entry in enumerate(entries, 1)]  # type: ignore[arg-type]  # entries of two kinds
        service.ingest(Batch(("lab", "pages", "one"), "w", numbered))
    with serving(store) as server:
        yield server, paths


@pytest.fixture
def context(chromium: Browser, logged: tuple[LiveServer, dict[str, str]]) -> Iterator[BrowserContext]:
    server, _ = logged
    made = chromium.new_context(base_url=server.url)
    made.set_default_timeout(LIMIT_MS)
    sign_in(made, server)
    yield made
    made.close()


def without_allowlist(route: Route) -> None:
    """As the answer looks to a browser that does not know the header."""
    reply = route.fetch()
    headers = {name: value for name, value in reply.headers.items() if name != "connection-allowlist"}
    route.fulfill(response=reply, headers=headers)


def wait_for_control(chromium: Browser) -> None:
    """Until a page without our rules has sent its packet: what was sent before has arrived by then."""
    control = Ears()
    try:
        page = chromium.new_page()
        page.set_content(f"<script>{ask_stun(control.udp_port)}</script>")
        control.wait()
        page.close()
    finally:
        control.close()


def opened(context: BrowserContext, path: str) -> Page:
    page = context.new_page()
    page.goto(path)
    expect(page.locator("iframe")).to_be_visible()
    page.frames[-1].wait_for_load_state()
    return page


def assert_silent(
    chromium: Browser, context: BrowserContext, ears: Ears, paths: dict[str, str], at_once: int = 8
) -> None:
    """None of the pages is heard of; they are tried one by one only to find the one that was."""
    ears.forget()
    names = list(paths)
    for first in range(0, len(names), at_once):
        some = names[first : first + at_once]
        pages = [opened(context, paths[name]) for name in some]
        wait_for_control(chromium)
        for name, page in zip(some, pages, strict=True):
            assert page.url.endswith(paths[name]), f"{name} led its tab elsewhere"
            page.close()
        if ears.heard and at_once > 1:
            assert_silent(chromium, context, ears, {name: paths[name] for name in some}, at_once=1)
        assert ears.heard == [], some


def test_what_a_browser_lets_out_by_itself(chromium: Browser, pages: dict[str, str], ears: Ears) -> None:
    """The listeners hear what the rules are there to stop."""
    for name in ("in the page", "written frame", "frame of code"):
        ears.forget()
        page = chromium.new_page()
        page.set_content(pages[name])
        ears.wait()
        page.close()
    wait_for_control(chromium)
    ears.forget()


@pytest.mark.parametrize("knows_header", [True, False], ids=["as it is", "guard alone"])
def test_no_packet_of_webrtc_leaves_a_page_its_frames_and_its_workers(
    chromium: Browser,
    context: BrowserContext,
    logged: tuple[LiveServer, dict[str, str]],
    ears: Ears,
    knows_header: bool,
) -> None:
    _, paths = logged
    if not knows_header:
        context.route("**/api/content/**", without_allowlist)
    assert_silent(chromium, context, ears, {name: paths[name] for name in webrtc_pages("")})


def test_no_other_packet_leaves_a_page(
    chromium: Browser, context: BrowserContext, logged: tuple[LiveServer, dict[str, str]], ears: Ears
) -> None:
    _, paths = logged
    assert_silent(chromium, context, ears, {name: paths[name] for name in other_pages(ears)})


def test_a_page_in_a_tab_stays_in_a_frame_whatever_its_address_says(
    context: BrowserContext, logged: tuple[LiveServer, dict[str, str]]
) -> None:
    server, paths = logged
    for query in ("", "?framed=1", "?framed=1&style=1"):
        page = opened(context, f"{paths['address']}{query}")
        assert page.url == f"{server.url}{paths['address']}{query}"
        assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"


def test_what_is_allowed_may_be_loaded_and_nothing_else(
    chromium: Browser, context: BrowserContext, tmp_path: Path, ears: Ears
) -> None:
    other = Ears()
    page_text = (
        f"<script>{ask_stun(ears.udp_port)}</script><img src='http://127.0.0.1:{other.tcp_port}/picture'>"
        f"<img src='http://127.0.0.1:{ears.tcp_port}/picture'>"
    )
    ears.forget()
    with Service.open(StoreDir(tmp_path / "store")) as service:
        blob = service.put_blob(page_text.encode(), "text/html")
        start = Start(entity="a", project="b", run="c", writer="w", pid=1, pid_started=1.0, time=1.0)
        log = Log(0, 0, 1.0, {"page": HtmlRecord(blob=blob)})
        service.ingest(Batch(("a", "b", "c"), "w", [Numbered(1, start), Numbered(2, log)]))
    with serving(tmp_path / "store") as server:
        sign_in(context, server)
        page = context.new_page()
        page.goto(f"{server.url}/api/content/{blob.sha256}?outside=127.0.0.1:{other.tcp_port}")
        other.wait()
        wait_for_control(chromium)
    other.close()
    assert all(b"GET /picture".decode() in line for line in other.heard)
    assert ears.heard == []


@pytest.mark.parametrize("name", ["plotly", "bokeh", "vega"])
def test_figures_never_see_the_constructors(context: BrowserContext, name: str) -> None:
    page = context.new_page()
    # The first page that is asked for waits until the server has packed the built UI.
    page.goto(f"/frames/{name}.html", wait_until="commit", timeout=120_000)
    until_true(page, "() => typeof RTCPeerConnection + typeof WebTransport === 'undefinedundefined'")
