"""A disk that forgets: which files a crash would leave, told from the system calls of a real process.

Whatever was not synced is gone, names included: a file is there only if its folder was synced after it was made, with
what it held when its last sync began. Some of what was written since may have reached the disk nevertheless, in any
order: `Disk.after_crash` lets dice decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

CALLS = (
    "openat,write,writev,pwrite64,pwritev,pwritev2,lseek,ftruncate,fallocate,fsync,fdatasync,sync_file_range,"
    "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,copy_file_range,sendfile,splice"
)
STRACE = ("strace", "-D", "-f", "-y", "-xx", "-s", "4000000", "-e", f"trace={CALLS}")

_CALL = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)")
_RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")
_UNFINISHED = " <unfinished ...>"
_RESULT = re.compile(r"\) += (?P<value>-?\d+)(?:<(?P<path>[^>]*)>)?[^)]*$")
_DESCRIPTOR = re.compile(r"(?P<number>\d+)<(?P<path>[^>]*)>")
_STRING = re.compile(r'"([^"]*)"')
_NEVER = frozenset({"copy_file_range", "sendfile", "splice", "link", "linkat", "symlink", "sync_file_range"})


@dataclass
class Node:
    """A file. ``durable`` is what it held when it was last synced, ``since`` what was written to it after that."""

    content: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    since: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass
class _Begun:
    """A call under way, with what a sync that begins now will have on the disk."""

    name: str
    text: str
    held: tuple[bytes, int] | dict[str, Node | None] | None


class Disk:
    """All below ``root``, as it lies there when the trace begins: on the disk."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._names: dict[str, Node | None] = {}  # by path; None is a folder
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                self._names[str(path)] = None
            elif path.is_file():
                octets = path.read_bytes()
                self._names[str(path)] = Node(bytearray(octets), octets)
        self._durable = dict(self._names)
        self._places: dict[str, int] = {}  # of descriptors in their files
        self._begun: dict[str, _Begun] = {}  # by thread

    def play(self, line: str) -> None:
        """One line of the trace."""
        if found := _RESUMED.match(line):
            begun = self._begun.pop(found["pid"], None)
            if begun is not None:
                self._end(begun, begun.text + found["rest"])
        elif found := _CALL.match(line):
            text = found["rest"]
            begun = _Begun(found["name"], text.removesuffix(_UNFINISHED), self._held(found["name"], text))
            if text.endswith(_UNFINISHED):
                self._begun[found["pid"]] = begun
            else:
                self._end(begun, text)

    def _held(self, name: str, text: str) -> tuple[bytes, int] | dict[str, Node | None] | None:
        descriptor = _DESCRIPTOR.match(text)
        if name not in ("fsync", "fdatasync") or descriptor is None:
            return None
        path = _plain(descriptor["path"])
        node = self._names.get(path)
        if node is not None:
            return bytes(node.content), len(node.since)
        return {below: self._names[below] for below in self._entries(self._names, path)}

    def _entries(self, names: dict[str, Node | None], folder: str) -> list[str]:
        return [path for path in names if path.rpartition("/")[0] == folder]

    def _end(self, begun: _Begun, text: str) -> None:
        result = _RESULT.search(text)
        if result is None or int(result["value"]) < 0:
            return
        value, strings = int(result["value"]), [_octets(found) for found in _STRING.findall(text)]
        descriptor = _DESCRIPTOR.match(text)
        path = _plain(descriptor["path"]) if descriptor else ""
        number = descriptor["number"] if descriptor else ""
        ours = any(each.startswith(self._root.encode()) for each in (path.encode(), *strings))
        match begun.name:
            case "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat" | "rmdir" if not ours:
                assert strings[-1].startswith(b"/"), "relative to what?"
            case "openat":
                self._open(_plain(result["path"] or ""), str(value), text)
            case _ if not ours:
                pass
            case "write" | "writev":
                place = self._places.get(number, 0)
                self._write(path, place, b"".join(strings)[:value])
                self._places[number] = place + value
            case "pwrite64" | "pwritev" | "pwritev2":
                self._write(path, int(text[: result.start()].rpartition(", ")[2]), b"".join(strings)[:value])
            case "lseek":
                self._places[number] = value
            case "ftruncate":
                self._truncate(path, int(text[: result.start()].rpartition(", ")[2]))
            case "fsync" | "fdatasync":
                self._sync(path, begun.held)
            case "rename" | "renameat" | "renameat2":
                self._names[_path(strings[1])] = self._names.pop(_path(strings[0]))
            case "unlink" | "unlinkat" | "rmdir":
                self._names.pop(_path(strings[-1]), None)
            case "mkdir" | "mkdirat":
                self._names[_path(strings[-1])] = None
            case "fallocate":
                pass  # room alone
            case name:
                assert name not in _NEVER, f"{name} is not known here"

    def _open(self, path: str, number: str, text: str) -> None:
        self._places[number] = 0
        if not path.startswith(self._root + "/"):
            return
        if "O_CREAT" in text and path not in self._names:
            self._names[path] = Node()
        if "O_TRUNC" in text:
            self._truncate(path, 0)
        node = self._names.get(path)
        if "O_APPEND" in text and node is not None:
            self._places[number] = len(node.content)

    def _write(self, path: str, offset: int, octets: bytes) -> None:
        node = self._names.get(path)
        if node is None:  # removed meanwhile
            return
        _put(node.content, offset, octets)
        node.since.append((offset, octets))

    def _truncate(self, path: str, size: int) -> None:
        node = self._names.get(path)
        if node is not None:
            del node.content[size:]
            node.content.extend(bytes(size - len(node.content)))

    def _sync(self, path: str, held: tuple[bytes, int] | dict[str, Node | None] | None) -> None:
        node = self._names.get(path)
        if isinstance(held, tuple) and node is not None:
            node.durable = held[0]
            del node.since[: held[1]]
        elif isinstance(held, dict):
            for entry in self._entries(self._durable, path):
                del self._durable[entry]
            self._durable |= held

    def after_crash(self, target: Path, dice: Random, kept: float) -> None:
        """Write into ``target`` what is on the disk; of what was not synced, each write with probability ``kept``."""
        for path, node in sorted(self._durable.items()):
            place = target / path.removeprefix(self._root).lstrip("/")
            if not place.parent.is_dir():
                continue  # its folder was never synced into its own
            if node is None:
                place.mkdir(exist_ok=True)
                continue
            octets = bytearray(node.durable)
            for offset, written in node.since:
                if dice.random() < kept:
                    _put(octets, offset, written)
            place.write_bytes(octets)


def lines_of(trace: Path) -> Iterator[tuple[int, str]]:
    """The finished lines of a trace, each with the offset behind it."""
    offset = 0
    with trace.open("rb") as file:
        for line in file:
            offset += len(line)
            if line.endswith(b"\n"):
                yield offset, line.decode().rstrip("\n")


def _put(content: bytearray, offset: int, octets: bytes) -> None:
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(octets)] = octets


def _octets(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _path(octets: bytes) -> str:
    path = octets.decode()
    assert path.startswith("/"), f"where {path} is, is not known here"
    return path


def _plain(path: str) -> str:
    """A path behind a descriptor, which may be escaped as strings are."""
    return _octets(path).decode() if path.startswith("\\x") else path
