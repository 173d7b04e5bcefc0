r"""Conversations with a server, written as plain text and held for real.

A transcript is a list of lines; the number in front says which of its connections is meant, and a connection opens
with its first line.

    # comment                    nothing
    C1: a1 NOOP                  the client sends a line
    S1: a1 OK /.*/               the next response is this; regular expressions stand between slashes (a slash is \/)
    S1~ * 3 EXISTS               neighbouring lines like this may come in any order
    S1? * 0 RECENT               may come just here, or not at all
    S1: ...                      whatever comes up to the next expected response is skipped
    N1~ * 1 EXISTS               something another connection did gets around: asked for by NOOP until all
                                 neighbouring lines like this have been seen, in any order, and nothing else
    T1                           TLS begins
    Z1                           DEFLATE begins
    X1                           the client hangs up
    E1                           the server hangs up
    do login 1 alice             the lines of login.part, with $1 and $2 replaced
    message short                a message to send or to compare, its lines (with "| " in front) below
    | Subject: hello
    |
    | text

Variables: ``${name}`` is what the test's stage gives (accounts, password, separator). For a message, ``${+short}``
is a literal that the client need not wait for, ``${short}`` one as a server sends it, ``${octets short}`` only its
octets and ``${size short}`` their number. A response is a line with all its literals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_LINE = re.compile(r"([CSNTXEZ])(\$?\w+)(?:([:~?]) ?(.*))?\Z")
_VARIABLE = re.compile(rb"\$\{([^}]*)\}")
_REGEX = re.compile(rb"(?<!\\)/((?:[^/\\]|\\.)*)/", re.DOTALL)
_SKIP = "..."


class Malformed(Exception):
    """A line of a transcript cannot be read."""


@dataclass(frozen=True)
class Step:
    """One line: who (C, S, N, T, X, E, Z), on which connection, how (":", "~", "?" or "") and what."""

    where: str  # "file:line"
    kind: str
    connection: str
    mode: str
    text: str

    @property
    def skips(self) -> bool:
        """Whether this is ``S1: ...``."""
        return self.kind == "S" and self.text == _SKIP


@dataclass(frozen=True)
class Transcript:
    """The steps of a file, those of the files it includes in their place, and its messages."""

    steps: tuple[Step, ...]
    messages: Mapping[str, bytes]


def read_transcript(path: Path) -> Transcript:
    """Parse a file, or raise `Malformed`."""
    messages: dict[str, bytes] = {}
    return Transcript(tuple(_read(path, (), messages)), messages)


def _read(path: Path, arguments: Sequence[str], messages: dict[str, bytes]) -> list[Step]:
    steps: list[Step] = []
    message = ""
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        for place, argument in enumerate(arguments, 1):
            line = line.replace(f"${place}", argument)
        where = f"{path.name}:{number}"
        words = line.split()
        if line.startswith("|"):
            messages[message] += line[2:].encode() + b"\r\n"
        elif not words or line.startswith("#"):
            continue
        elif words[0] == "message" and len(words) == 2:
            message = words[1]
            messages[message] = b""
        elif words[0] == "do":
            included = _read(path.parent / f"{words[1]}.part", words[2:], messages)
            steps += [replace(step, where=f"{where} {step.where}") for step in included]
        else:
            steps.append(_step(where, line))
    return steps


def _step(where: str, line: str) -> Step:
    found = _LINE.match(line)
    if found is None:
        raise Malformed(f"{where}: {line}")
    kind, connection, mode, text = found.groups()
    modes = {"C": ":", "S": ":~?", "N": "~"}.get(kind, "")
    if (mode or "") not in modes or (modes and not mode):
        raise Malformed(f"{where}: {line}")
    return Step(where, kind, connection, mode or "", text or "")


def filled(text: str, variables: Mapping[str, str], messages: Mapping[str, bytes]) -> bytes:
    """A client's line with its variables replaced."""
    return _VARIABLE.sub(lambda found: _value(found[1].decode(), variables, messages), text.encode())


def pattern(text: str, variables: Mapping[str, str], messages: Mapping[str, bytes]) -> re.Pattern[bytes]:
    """A response as expected: variables replaced, regular expressions kept, all else as it stands."""
    octets = text.encode()
    parts: list[bytes] = []
    position = 0
    for found in _REGEX.finditer(octets):
        parts.append(_plain(octets[position : found.start()], variables, messages))
        parts.append(b"(?:" + found[1].replace(rb"\/", b"/") + b")")
        position = found.end()
    parts.append(_plain(octets[position:], variables, messages))
    return re.compile(b"".join(parts), re.DOTALL)


def _plain(octets: bytes, variables: Mapping[str, str], messages: Mapping[str, bytes]) -> bytes:
    pieces = re.split(rb"(\$\{[^}]*\})", octets.replace(rb"\/", b"/"))
    return b"".join(
        re.escape(_value(piece[2:-1].decode(), variables, messages) if piece.startswith(b"${") else piece)
        for piece in pieces
    )


def _value(name: str, variables: Mapping[str, str], messages: Mapping[str, bytes]) -> bytes:
    if name in variables:
        return variables[name].encode()
    word, _, message = name.rpartition(" ")
    plus, message = message.startswith("+"), message.removeprefix("+")
    if message not in messages:
        raise Malformed(f"no variable or message {name!r}")
    octets = messages[message]
    if word == "octets":
        return octets
    if word == "size":
        return str(len(octets)).encode()
    return b"{%d%b}\r\n%b" % (len(octets), b"+" if plus else b"", octets)
