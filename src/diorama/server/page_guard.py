"""What stands before the first byte of a logged page, so that it runs before any code of the page.

A policy keeps a page from the network (`api_content.page_headers`), but two things pass by a policy in
browsers that do not know `Connection-Allowlist`: WebRTC, which no rule of a Content-Security-Policy names,
and documents that a page writes itself (`<iframe srcdoc>`), in which WebRTC is there again. So the guard
takes the constructors away, and puts itself before every document that the page writes.

A frame of such a page has an origin of its own: the page can't fetch constructors from its frames. And the
document of a frame starts only after the code that made it has ended, which is when the guard sees it.
"""

from __future__ import annotations

import codecs
import re

GUARD = rb"""<script>(()=>{
const own=document.currentScript,guard='<script>'+own.textContent+'<\/script>';own.remove();
for(const name of['RTCPeerConnection','webkitRTCPeerConnection','mozRTCPeerConnection','RTCIceTransport',
'RTCIceGatherer','RTCQuicTransport','WebTransport','WebSocketStream'])delete self[name];
const{apply}=Reflect,{getAttribute,setAttribute,removeAttribute,attachShadow,before,remove}=Element.prototype,
{createComment}=Document.prototype,{replaceWith}=Comment.prototype,{startsWith}=String.prototype,
{exec}=RegExp.prototype,code=/^[\0- ]*j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*:/i,
Observer=MutationObserver,{observe}=Observer.prototype,
count=Object.getOwnPropertyDescriptor(NodeList.prototype,'length').get,
{querySelectorAll:inDocument}=Document.prototype,{querySelectorAll:inShadow}=DocumentFragment.prototype;
const calm=frame=>{
const text=apply(getAttribute,frame,['srcdoc']);
const isBare=text!==null&&!apply(startsWith,text,[guard]);
const runs=name=>apply(exec,code,[apply(getAttribute,frame,[name])||''])!==null;
const isCode=runs('src')||runs('data');
if(!isBare&&!isCode)return;
const place=apply(createComment,document,['']);
apply(before,frame,[place]);apply(remove,frame,[]);
if(isCode){apply(removeAttribute,frame,['src']);apply(removeAttribute,frame,['data'])}
if(isBare)apply(setAttribute,frame,['srcdoc',guard+text]);
apply(replaceWith,place,[frame])};
const watch=(root,find)=>{
const look=()=>{const found=apply(find,root,['iframe,frame,object,embed']),length=apply(count,found,[]);
for(let at=0;at<length;at++)calm(found[at])};
apply(observe,new Observer(look),[root,{subtree:true,childList:true,attributes:true,
attributeFilter:['src','srcdoc','data']}])};
Element.prototype.attachShadow=function(how){const root=apply(attachShadow,this,[how]);
watch(root,inShadow);return root};
watch(document,inDocument)})()</script>"""
"""It keeps what it needs of the page's own objects before the page can change them."""

_BEGIN = re.compile(rb"(?:\s|<!--(?!-?>)(?:(?!--).)*-->)*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)
"""A doctype with nothing but space and plain comments before it: nothing that could be code."""
_OWN_HEAD = re.compile(rb"<(?:html|head)[\s>]", re.IGNORECASE)
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([A-Za-z0-9_\-:.]{1,40})""", re.IGNORECASE)
_SCRIPT_TAG = re.compile(rb"<script(?=[\s/>])|</script\s*>", re.IGNORECASE)
_HEAD_BYTES = 64 * 1024
_CHARSET_BYTES = 1024
_ENCODINGS = {
    **{
        name: name
        for name in ("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257")
    },
    **{f"iso8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{name: name for name in ("cp1258", "koi8-r", "koi8-u", "big5", "euc_jp", "iso2022_jp", "gb18030")},
    # Browsers read these encodings as larger ones that contain them.
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""Python's name of the encoding that a page declares -> of the one that browsers use for it."""


def guarded(page: bytes, added: bytes = b"") -> bytes:
    """`page` as UTF-8, with the guard and `added` before everything of its own but its doctype.

    Before the doctype they would switch the browser to quirks mode, which changes the looks of the page. A
    fragment (neither doctype nor html nor head) gets a doctype.
    """
    return _begun_with(as_utf8(page), GUARD + added)


def without_code(page: bytes, added: bytes = b"") -> bytes:
    """`page` as UTF-8 for a frame in which no code runs, with `added` before everything of its own.

    It is the frame's sandbox that keeps code from running. Here the scripts are left out because browsers
    write a line on the console for each that they stop; one written so oddly that it stays is stopped.
    """
    text = as_utf8(page)
    kept, done, opened = [], 0, -1
    for tag in _SCRIPT_TAG.finditer(text):
        if not tag[0].startswith(b"</"):
            opened = tag.start() if opened < 0 else opened
        elif opened >= 0:
            kept.append(text[done:opened])
            done, opened = tag.end(), -1
    return _begun_with(b"".join(kept) + text[done:], added)


def _begun_with(text: bytes, added: bytes) -> bytes:
    begin = _BEGIN.match(text[:_HEAD_BYTES])
    if begin:
        return text[: begin.end()] + added + text[begin.end() :]
    doctype = b"" if _OWN_HEAD.search(text[:_HEAD_BYTES]) else b"<!doctype html>"
    return doctype + added + text


def as_utf8(page: bytes) -> bytes:
    """The page in UTF-8, without a byte order mark: in others our bytes could mean other text."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if page.startswith(mark):
            return page[len(mark) :].decode(encoding, "replace").encode()
    try:
        page.decode("utf-8")
    except UnicodeDecodeError:
        return page.decode(_declared(page), "replace").encode()
    return page


def _declared(page: bytes) -> str:
    """The encoding that a page declares; windows-1252, as in browsers, if it declares none that we know."""
    found = _CHARSET.search(page[:_CHARSET_BYTES])
    try:
        said = codecs.lookup(found[1].decode()).name if found else ""
    except LookupError:
        said = ""
    return _ENCODINGS.get(said, "cp1252")
