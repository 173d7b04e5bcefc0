"""Holding the conversation of a transcript with a server, over blocking sockets."""

from __future__ import annotations

import re
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.support.transcript import Malformed, Step, Transcript, filled, pattern

PATIENCE = 10.0  # seconds for a response, or for news to get around
_LITERAL = re.compile(rb"\{([0-9]+)\}\r\n\Z")


class Mismatch(AssertionError):
    """The server said something else; the text shows the conversation so far."""


@dataclass(frozen=True)
class Stage:
    """Where a transcript is played: a server, and the values of its variables.

    ``literals`` tells that a response line may announce octets that belong to it (IMAP).
    """

    host: str
    port: int
    variables: Mapping[str, str]
    tls: ssl.SSLContext | None = None
    literals: bool = False


class Wire:
    """One connection: whole responses in, octets out, and a record of both."""

    def __init__(self, name: str, stage: Stage, record: list[bytes]) -> None:
        self._name = name.encode()
        self._stage = stage
        self._record = record
        self._socket: socket.socket = socket.create_connection((stage.host, stage.port), PATIENCE)
        self._received = b""
        self._deflate: tuple[Any, Any] | None = None  # zlib's objects for sending and receiving

    def compress(self) -> None:
        self._deflate = (zlib.compressobj(wbits=-15), zlib.decompressobj(-15))

    def send(self, line: bytes) -> None:
        self._record.append(b"C%b: %b" % (self._name, line))
        octets = line + b"\r\n"
        if self._deflate is not None:
            octets = self._deflate[0].compress(octets) + self._deflate[0].flush(zlib.Z_SYNC_FLUSH)
        self._socket.sendall(octets)

    def response(self) -> bytes:
        """The next response without its last line end; b"" when the server has closed."""
        start = 0
        while True:
            end = self._received.find(b"\r\n", start) + 2
            if end < 2:
                if not self._more():
                    return b""
                continue
            found = _LITERAL.search(self._received, start, end) if self._stage.literals else None
            if found is None:
                break
            start = end + int(found[1])
            while len(self._received) < start:
                if not self._more():
                    return b""
        octets, self._received = self._received[: end - 2], self._received[end:]
        self._record.append(b"S%b: %b" % (self._name, octets))
        return octets

    def _more(self) -> bool:
        try:
            octets = self._socket.recv(65536)
        except TimeoutError:
            raise Mismatch(f"no response within {PATIENCE:g} s") from None
        except ConnectionResetError:
            return False
        self._received += octets if self._deflate is None else self._deflate[1].decompress(octets)
        return bool(octets)

    def start_tls(self) -> None:
        if self._stage.tls is None:
            raise Malformed("this stage has no TLS")
        self._socket = self._stage.tls.wrap_socket(self._socket, server_hostname=self._stage.host)

    def close(self) -> None:
        self._socket.close()


@dataclass
class Conversation:
    """A transcript being played."""

    transcript: Transcript
    stage: Stage
    record: list[bytes] = field(default_factory=list)
    _wires: dict[str, Wire] = field(default_factory=dict)
    _noops: Iterator[int] = field(default_factory=count)

    def play(self) -> None:
        """From the first step to the last, or `Mismatch`."""
        steps = list(self.transcript.steps)
        try:
            while steps:
                self._play_next(steps)
        finally:
            for wire in self._wires.values():
                wire.close()

    def _play_next(self, steps: list[Step]) -> None:
        first = steps[0]
        try:
            if first.kind == "S":
                self._hear(_take_run(steps, "S"))
            elif first.kind == "N":
                self._ask(_take_run(steps, "N"))
            else:
                self._act(steps.pop(0))
        except Mismatch as mismatch:
            said = b"\n".join(self.record[-25:]).decode("utf-8", "backslashreplace")
            raise Mismatch(f"{mismatch}\n--- {first.where}\n{said}") from None

    def _wire(self, name: str) -> Wire:
        if name not in self._wires:
            self._wires[name] = Wire(name, self.stage, self.record)
        return self._wires[name]

    def _act(self, step: Step) -> None:
        wire = self._wire(step.connection)
        if step.kind == "C":
            wire.send(filled(step.text, self.stage.variables, self.transcript.messages))
        elif step.kind == "T":
            wire.start_tls()
        elif step.kind == "Z":
            wire.compress()
        elif step.kind == "X":
            wire.close()
            del self._wires[step.connection]
        elif octets := wire.response():
            raise Mismatch(f"{step.where}: the end expected, not {octets!r}")

    def _hear(self, steps: list[Step]) -> None:
        """Responses on one connection, group by group."""
        wire = self._wire(steps[0].connection)
        for group in _groups(steps):
            while group.required:
                octets = wire.response()
                step = self._fitting(octets, group.required + group.optional)
                if step is not None:
                    (group.optional if step.mode == "?" else group.required).remove(step)
                elif not (group.skipping and octets):
                    raise Mismatch(_difference(octets, group.required + group.optional))

    def _fitting(self, octets: bytes, steps: Iterable[Step]) -> Step | None:
        for step in steps:
            if pattern(step.text, self.stage.variables, self.transcript.messages).fullmatch(octets):
                return step
        return None

    def _ask(self, steps: list[Step]) -> None:
        """NOOP again and again until all the news is there."""
        wire = self._wire(steps[0].connection)
        deadline = time.monotonic() + PATIENCE
        while steps:
            tag = b"noop%d" % next(self._noops)
            wire.send(tag + b" NOOP")
            while not (octets := wire.response()).startswith(tag + b" "):
                step = self._fitting(octets, steps)
                if step is None:
                    raise Mismatch(_difference(octets, steps))
                steps.remove(step)
            if time.monotonic() > deadline:
                raise Mismatch(_difference(b"", steps))
            time.sleep(0.02)


@dataclass
class _Group:
    """Responses that may come in any order; ``skipping``: and any others before the last of them."""

    required: list[Step] = field(default_factory=list)
    optional: list[Step] = field(default_factory=list)
    skipping: bool = False


def _groups(steps: Iterable[Step]) -> Iterator[_Group]:
    group = _Group()
    for step in steps:
        if group.required and (step.mode == ":" or group.required[-1].mode == ":"):
            yield group
            group = _Group()
        if step.skips:
            group.skipping = True
        else:
            (group.optional if step.mode == "?" else group.required).append(step)
    yield group


def _take_run(steps: list[Step], kind: str) -> list[Step]:
    """The steps from the front that are of one kind and one connection."""
    connection = steps[0].connection
    run: list[Step] = []
    while steps and steps[0].kind == kind and steps[0].connection == connection:
        run.append(steps.pop(0))
    return run


def _difference(octets: bytes, expected: Iterable[Step]) -> str:
    wanted = " or ".join(f"{step.where} {step.text}" for step in expected)
    return f"expected {wanted or 'nothing'}\nreceived {octets!r}"
