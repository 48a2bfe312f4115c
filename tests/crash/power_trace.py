"""A record of what processes did to files, from strace, and the disks that a power cut could have left.

The record holds every write, sync, rename and the like of a process and all its children (SQLite's and
Rust's too, since the kernel tells them). A disk after a cut has all that was synced; of the rest each
write may be there, missing or torn at sectors, in any order, and each unsynced change of names may be
missing: in the order of a journalling file system, or without any order.
"""

from __future__ import annotations

import posixpath
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512
SYSTEM_CALLS = (
    "open,openat,creat,close,write,pwrite64,writev,pwritev,ftruncate,fallocate,fsync,fdatasync,"
    "sync_file_range,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,mkdirat,rmdir,lseek,"
    "sendfile,copy_file_range,clone,clone3,fork,vfork,dup,dup2,dup3,fcntl"
)

_LINE = re.compile(r"^(\d+) +(.*)$")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+|0x[0-9a-f]+|\?)(?:<([^>]*)>)?")
_HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_DESCRIPTOR = re.compile(r"^(-?\d+|AT_FDCWD)(?:<([^>]*)>)?")


def strace_command(output: Path) -> list[str]:
    """What to put before a command, so that it and its children are recorded in `output`."""
    return [
        *("strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-y", "-s", "67108864"),
        *("-e", f"trace={SYSTEM_CALLS}", "-e", "signal=none", "-o", str(output)),
    ]


@dataclass
class Write:
    """Bytes at an offset, or a new length of the file; from line `begun` to line `ended` of the record."""

    begun: int
    ended: int
    offset: int
    data: bytes
    length: int | None = None


@dataclass(eq=False)
class File:
    """A file or folder, whatever its names are."""

    is_folder: bool = False
    writes: list[Write] = field(default_factory=list)
    syncs: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0

    def write(self, begun: int, ended: int, offset: int, data: bytes) -> None:
        self.writes.append(Write(begun, ended, offset, data))
        self.size = max(self.size, offset + len(data))

    def truncate(self, begun: int, ended: int, length: int) -> None:
        self.writes.append(Write(begun, ended, 0, b"", length))
        self.size = length

    def content(self) -> bytes:
        """Everything that was written, as a process sees it."""
        found = bytearray()
        for write in self.writes:
            _apply(found, write)
        return bytes(found)


@dataclass
class Naming:
    """At line `ended` the name `path` came to mean `file`, or nothing; and `gone` went."""

    ended: int
    path: str
    file: File | None
    gone: str | None = None


class Trace:
    """What happened to the files below `root`. `notes`: what was written to `notes_path`, by line."""

    def __init__(self, record: Path, root: Path, notes_path: Path) -> None:
        self.root = str(root)
        self.names: list[Naming] = []
        self.notes: list[tuple[int, str]] = []
        self.length = 0
        self._notes_path = str(notes_path)
        self._now: dict[str, File] = {self.root: File(is_folder=True)}
        self._folders: dict[str, File] = {}
        self._open: dict[tuple[int, int], tuple[File, bool]] = {}
        self._offsets: dict[tuple[int, int], int] = {}
        self._process_of: dict[int, int] = {}
        with record.open(encoding="ascii", errors="replace") as lines:
            self._read(lines)

    def files(self) -> Iterator[tuple[str, File]]:
        """Every name that there ever was below the root, with the file that it meant first."""
        seen: set[str] = set()
        for naming in self.names:
            if naming.file is not None and naming.path not in seen:
                seen.add(naming.path)
                yield naming.path, naming.file

    def _read(self, lines: Iterator[str]) -> None:
        pending: dict[int, tuple[int, str]] = {}
        for number, line in enumerate(lines):
            self.length = number + 1
            if not (found := _LINE.match(line)):
                continue
            thread, text = int(found[1]), found[2]
            begun = number
            if text.endswith("<unfinished ...>"):
                head = text.removesuffix("<unfinished ...>")
                pending[thread] = (number, head)
                if head.startswith("close("):  # its number may be given out again before the call returns
                    self._close(thread, head.removeprefix("close("))
                continue
            resumed = _RESUMED.match(text)
            if resumed:
                begun, head = pending.pop(thread, (number, f"{resumed[1]}("))
                text = head + resumed[2]
            if (call := _CALL.match(text)) and call[3] != "?":
                result = int(call[3], 0)
                if result >= 0 and not (resumed and call[1] == "close"):
                    self._take(thread, call[1], _split(call[2]), result, call[4], begun, number)

    def _take(
        self, thread: int, name: str, args: list[str], result: int, path: str | None, begun: int, ended: int
    ) -> None:
        process = self._process_of.get(thread, thread)
        if name in {"clone", "clone3", "fork", "vfork"}:
            is_thread = any("CLONE_THREAD" in arg for arg in args)
            self._process_of[result] = process if is_thread else result
            if not is_thread:
                for (owner, fd), opened in list(self._open.items()):
                    if owner == process:
                        self._open[result, fd] = opened
                        self._offsets[result, fd] = self._offsets.get((owner, fd), 0)
        elif name in {"open", "openat", "creat"}:
            self._opened(process, name, args, result, path, ended)
        elif name == "close":
            self._close(thread, args[0])
        elif name in {"dup", "dup2", "dup3", "fcntl"}:
            if (name != "fcntl" or "F_DUPFD" in args[1]) and (
                opened := self._open.get((process, _descriptor(args[0])[0]))
            ):
                self._open[process, result] = opened
        elif name in {"rename", "renameat", "renameat2"}:
            old, new = (
                (_text(args[0]), _text(args[1]))
                if name == "rename"
                else (_path(args[0], args[1]), _path(args[2], args[3]))
            )
            self._rename(old, new, ended)
        elif name in {"unlink", "unlinkat", "rmdir"}:
            gone = _path(args[0], args[1]) if name == "unlinkat" else _text(args[0])
            if self._is_inside(gone) and self._now.pop(gone, None):
                self.names.append(Naming(ended, gone, None))
        elif name in {"link", "linkat"}:
            old, new = (
                (_text(args[0]), _text(args[1]))
                if name == "link"
                else (_path(args[0], args[1]), _path(args[2], args[3]))
            )
            if self._is_inside(new) and (file := self._now.get(old)):
                self._now[new] = file
                self.names.append(Naming(ended, new, file))
        elif name in {"mkdir", "mkdirat"}:
            made = _path(args[0], args[1]) if name == "mkdirat" else _text(args[0])
            if self._is_inside(made):
                self._now[made] = File(is_folder=True)
                self.names.append(Naming(ended, made, self._now[made]))
        else:
            self._used(process, name, args, result, begun, ended)

    def _close(self, thread: int, descriptor: str) -> None:
        process = self._process_of.get(thread, thread)
        self._open.pop((process, _descriptor(descriptor)[0]), None)

    def _opened(
        self, process: int, name: str, args: list[str], fd: int, path: str | None, ended: int
    ) -> None:
        self._open.pop((process, fd), None)
        opened = _unhex(path or "")
        if opened == self._notes_path:
            self._open[process, fd] = (File(), True)
            return
        if not self._is_inside(opened):
            return
        flags = args[1] if name == "open" else args[2] if name == "openat" else "O_CREAT|O_TRUNC"
        file = self._now.get(opened)
        if file is None:
            file = self._now[opened] = File(is_folder="O_DIRECTORY" in flags)
            if "O_CREAT" in flags:
                self.names.append(Naming(ended, opened, file))
        if "O_TRUNC" in flags and file.size:
            file.truncate(ended, ended, 0)
        self._open[process, fd] = (file, "O_APPEND" in flags)
        self._offsets[process, fd] = 0

    def _used(self, process: int, name: str, args: list[str], result: int, begun: int, ended: int) -> None:
        fd, path = _descriptor(args[0])
        if path == self._notes_path and name == "write":
            self.notes.append((begun, _bytes(args[1])[:result].decode()))
            return
        opened = self._open.get((process, fd))
        if opened is None:
            return
        file, appends = opened
        at = file.size if appends else self._offsets.get((process, fd), 0)
        if name == "lseek":
            self._offsets[process, fd] = result
        elif name in {"write", "writev"}:
            file.write(begun, ended, at, _bytes(args[1])[:result])
            self._offsets[process, fd] = at + result
        elif name in {"pwrite64", "pwritev"}:
            file.write(begun, ended, int(args[3]), _bytes(args[1])[:result])
        elif name in {"sendfile", "copy_file_range"}:
            source = args[1] if name == "sendfile" else args[0]
            target = args[0] if name == "sendfile" else args[2]
            self._copied(process, _descriptor(source)[0], _descriptor(target)[0], result, begun, ended)
        elif name == "ftruncate":
            file.truncate(begun, ended, int(args[1]))
        elif name == "fallocate" and args[1] == "0":
            file.size = max(file.size, int(args[2]) + int(args[3]))
        elif name in {"fsync", "fdatasync"}:
            file.syncs.append((begun, ended))

    def _copied(self, process: int, source: int, target: int, count: int, begun: int, ended: int) -> None:
        if (process, target) not in self._open:
            return
        if (process, source) not in self._open:
            raise ValueError("a file from outside was copied into the store: its bytes are not recorded")
        at = self._offsets.get((process, source), 0)
        data = self._open[process, source][0].content()[at : at + count]
        to = self._offsets.get((process, target), 0)
        self._open[process, target][0].write(begun, ended, to, data)
        self._offsets[process, source] = at + count
        self._offsets[process, target] = to + count

    def _rename(self, old: str, new: str, ended: int) -> None:
        if not self._is_inside(new) or old not in self._now:
            return
        moved = self._now.pop(old)
        self._now[new] = moved
        self.names.append(Naming(ended, new, moved, gone=old))
        for path in [path for path in self._now if path.startswith(f"{old}/")]:
            self._now[new + path[len(old) :]] = self._now.pop(path)

    def _is_inside(self, path: str) -> bool:
        return path == self.root or path.startswith(f"{self.root}/")

    # --- a power cut

    def disk_after_cut(self, cut: int, rng: random.Random, folder: Path) -> None:
        """Make `folder` one of the disks that a cut before line `cut` can leave of the root."""
        names = self._names_after_cut(cut, rng)
        for path in sorted(names):
            file = names[path]
            target = folder / path[len(self.root) :].lstrip("/")
            if file.is_folder:
                target.mkdir(parents=True, exist_ok=True)
            elif target.parent.is_dir():  # else its folder did not come to be
                target.write_bytes(_content_after_cut(file, cut, rng))

    def _names_after_cut(self, cut: int, rng: random.Random) -> dict[str, File]:
        happened = [naming for naming in self.names if naming.ended < cut]
        durable = [self._is_durable(naming, cut) for naming in happened]
        if rng.random() < 0.5:  # a journalling file system keeps the order of names
            last = max((at for at, is_durable in enumerate(durable) if is_durable), default=-1)
            kept = rng.randint(last + 1, len(happened))
            durable = [at < kept for at in range(len(happened))]
        else:
            durable = [is_durable or rng.random() < 0.5 for is_durable in durable]
        names: dict[str, File] = {self.root: File(is_folder=True)}
        for naming, is_kept in zip(happened, durable, strict=True):
            if not is_kept:
                continue
            if naming.gone is not None:
                names.pop(naming.gone, None)
                for path in [path for path in names if path.startswith(f"{naming.gone}/")]:
                    names[naming.path + path[len(naming.gone) :]] = names.pop(path)
            if naming.file is None:
                names.pop(naming.path, None)
            else:
                names[naming.path] = naming.file
        return names

    def _is_durable(self, naming: Naming, cut: int) -> bool:
        """Whether the folder of the name was synced between the change and the cut."""
        parent = self._folder_at(posixpath.dirname(naming.path))
        return parent is not None and any(
            begun > naming.ended and ended < cut for begun, ended in parent.syncs
        )

    def _folder_at(self, path: str) -> File | None:
        if not self._folders:
            self._folders = {n.path: n.file for n in self.names if n.file is not None and n.file.is_folder}
            self._folders[self.root] = self._now[self.root]
        return self._folders.get(path)


def _content_after_cut(file: File, cut: int, rng: random.Random) -> bytes:
    synced = max((begun for begun, ended in file.syncs if ended < cut), default=-1)
    found = bytearray()
    for write in file.writes:
        if write.begun >= cut:
            break
        if write.ended < synced:
            _apply(found, write)
            continue
        chance = rng.random()
        if chance < 0.4:
            _apply(found, write)
        elif chance < 0.7 and write.data:
            for start, end in _sectors(write):
                if rng.random() < 0.5:
                    part = write.data[start - write.offset : end - write.offset]
                    _apply(found, Write(0, 0, start, part))
    return bytes(found)


def _sectors(write: Write) -> Iterator[tuple[int, int]]:
    at, end = write.offset, write.offset + len(write.data)
    while at < end:
        edge = min(end, (at // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield at, edge
        at = edge


def _apply(content: bytearray, write: Write) -> None:
    if write.length is not None:
        if write.length < len(content):
            del content[write.length :]
        else:
            content.extend(bytes(write.length - len(content)))
        return
    if write.offset > len(content):
        content.extend(bytes(write.offset - len(content)))
    content[write.offset : write.offset + len(write.data)] = write.data


# --- strace's lines


def _split(text: str) -> list[str]:
    """The arguments of a call: strings are in hex, so that a comma outside of brackets parts them."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"[\[\]{}(),]", text):
        if found[0] in "[{(":
            depth += 1
        elif found[0] in "]})":
            depth -= 1
        elif depth == 0:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    return [*parts, text[start:].strip()]


def _bytes(text: str) -> bytes:
    """All strings in an argument, one after the other: a buffer, or a vector of them."""
    if any(cut for _, cut in _HEX.findall(text)):
        raise ValueError("strace cut off a string")
    return b"".join(bytes.fromhex(found.replace("\\x", "")) for found, _ in _HEX.findall(text))


def _text(text: str) -> str:
    return posixpath.normpath(_bytes(text).decode())


def _unhex(text: str) -> str:
    if "\\x" not in text:
        return text
    return bytes.fromhex("".join(re.findall(r"\\x([0-9a-f]{2})", text))).decode()


def _descriptor(text: str) -> tuple[int, str]:
    found = _DESCRIPTOR.match(text)
    if not found:
        return -1, ""
    return (-1 if found[1] == "AT_FDCWD" else int(found[1])), _unhex(found[2] or "")


def _path(folder: str, name: str) -> str:
    """A path as the *at calls name it."""
    return posixpath.normpath(posixpath.join(_descriptor(folder)[1], _bytes(name).decode()))
