"""A mail server for tests that keeps what it gets and misbehaves as it is told, on a loopback port of its own."""

from __future__ import annotations

import argparse
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import trio

DROP = "drop"  # in place of a reply: the connection ends here
OFFERED = ("PIPELINING", "SIZE 50000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


class Received(NamedTuple):
    """One accepted transaction, or one that was dropped after its end."""

    sender: str
    recipients: tuple[str, ...]
    mail: str  # the parameters of MAIL
    rcpt: tuple[str, ...]  # those of each RCPT
    octets: bytes  # dots removed
    tls: bool
    connection: int
    client: str  # what it calls itself


class Sink:
    """``rcpt`` and ``end`` may return another reply than 250, for (recipient) and (letter)."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.offered: tuple[str, ...] = OFFERED
        self.letters: list[Received] = []
        self.rcpt: Callable[[str], str] = lambda recipient: "250 2.1.5 Ok"
        self.mail: Callable[[str], str] = lambda sender: "250 2.1.0 Ok"
        self.end: Callable[[Received], str] = lambda letter: "250 2.0.0 Ok"
        self.greeting = "220 sink.example ESMTP"
        self.enough = "421 4.7.0 Enough"
        self.delay = 0.0  # seconds before each reply to the end of a message
        self.most_letters = 0  # over one connection, which then ends; 0: any number
        self.connections = self.open = self.most_open = 0
        self.logins: list[str] = []
        self.port = 0
        self.changed = trio.Event()
        self.keep = True
        self.note: Callable[[Received], None] = lambda letter: None

    async def run(
        self, host: str = "127.0.0.1", port: int = 0, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled."""
        listeners = await trio.open_tcp_listeners(port, host=host, backlog=1000)
        self.port = listeners[0].socket.getsockname()[1]
        await trio.serve_listeners(self._serve, listeners, task_status=_Started(task_status))

    async def _serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        self.open += 1
        self._note_change()
        self.most_open = max(self.most_open, self.open)
        try:
            await _Session(self, stream, self.connections).run()
        except (trio.BrokenResourceError, trio.ClosedResourceError, ssl.SSLError, OSError):
            pass
        finally:
            self.open -= 1
            self._note_change()
            await trio.aclose_forcefully(stream)

    def take(self, letter: Received) -> None:
        self.note(letter)
        if self.keep:
            self.letters.append(letter)
        self._note_change()

    def _note_change(self) -> None:
        self.changed.set()
        self.changed = trio.Event()


class _Started:
    def __init__(self, status: trio.TaskStatus[None]) -> None:
        self._status = status

    def started(self, value: object = None) -> None:
        self._status.started()


class _Session:
    def __init__(self, sink: Sink, stream: trio.abc.Stream, number: int) -> None:
        self.sink = sink
        self.stream = stream
        self.number = number
        self.tls = False
        self.client = ""
        self.letters = 0
        self._received = self._chunks = b""
        self._out = b""
        self.forget()

    def forget(self) -> None:
        self.sender, self.options = "", ""
        self.recipients: list[tuple[str, str]] = []

    async def say(self, line: str) -> None:
        self._out += line.encode() + b"\r\n"

    async def flush(self) -> None:
        out, self._out = self._out, b""
        if out:
            await self.stream.send_all(out)

    async def line(self) -> bytes | None:
        while b"\r\n" not in self._received:
            if not await self._more():
                return None
        line, _, self._received = self._received.partition(b"\r\n")
        return line

    async def _more(self) -> bool:
        await self.flush()
        octets = await self.stream.receive_some(65_536)
        self._received += octets
        return bool(octets)

    async def run(self) -> None:
        await self.say(self.sink.greeting)
        while (line := await self.line()) is not None:
            verb, _, rest = line.decode("utf-8", "replace").partition(" ")
            if await self.command(verb.upper(), rest):
                break
        await self.flush()

    async def command(self, verb: str, rest: str) -> bool:
        """Whether the connection ends."""
        if verb == "EHLO":
            self.client = rest
            words = ["sink.example", *self.sink.offered]
            if self.sink.context is not None and not self.tls:
                words.append("STARTTLS")
            for place, word in enumerate(words):
                await self.say(f"250{' ' if place == len(words) - 1 else '-'}{word}")
        elif verb == "STARTTLS":
            await self.start_tls()
        elif verb == "AUTH":
            self.sink.logins.append(rest)
            await self.say("235 2.7.0 Ok")
        elif verb == "MAIL" and 0 < self.sink.most_letters <= self.letters:
            await self.say(self.sink.enough)
            return True
        elif verb == "MAIL":
            path, _, self.options = rest.partition(">")
            self.sender = path.partition("<")[2]
            await self.say(self.sink.mail(self.sender))
        elif verb == "RCPT":
            path, _, options = rest.partition(">")
            recipient = path.partition("<")[2]
            reply = self.sink.rcpt(recipient)
            if reply == DROP:
                return True
            if reply.startswith("2"):
                self.recipients.append((recipient, options.strip()))
            await self.say(reply)
        elif verb == "DATA":
            return await self.data()
        elif verb == "BDAT":
            return await self.chunk(*rest.split())
        elif verb == "QUIT":
            await self.say("221 2.0.0 Bye")
            return True
        else:
            if verb == "RSET":
                self.forget()
            await self.say("250 2.0.0 Ok")
        return False

    async def start_tls(self) -> None:
        assert self.sink.context is not None
        await self.say("220 2.0.0 Go ahead")
        await self.flush()
        stream = trio.SSLStream(self.stream, self.sink.context, server_side=True, https_compatible=True)
        await stream.do_handshake()
        self.stream, self.tls = stream, True

    async def chunk(self, size: str, last: str = "") -> bool:
        while len(self._received) < int(size):
            if not await self._more():
                return True
        self._chunks += self._received[: int(size)]
        self._received = self._received[int(size) :]
        if last:
            octets, self._chunks = self._chunks, b""
            return await self.took(octets)
        await self.say("250 2.0.0 Ok")
        return False

    async def data(self) -> bool:
        if not self.recipients:
            await self.say("554 5.5.1 No valid recipients")
            return False
        await self.say("354 Go ahead")
        while not self._received.startswith(b".\r\n") and b"\r\n.\r\n" not in self._received:
            if not await self._more():
                return True
        if self._received.startswith(b".\r\n"):
            octets, self._received = b"", self._received[3:]
        else:
            octets, _, self._received = self._received.partition(b"\r\n.\r\n")
        return await self.took((b"\r\n" + octets + b"\r\n").replace(b"\r\n.", b"\r\n")[2:])

    async def took(self, octets: bytes) -> bool:
        """A message is complete; whether the connection ends."""
        letter = Received(
            self.sender,
            tuple([address for address, _ in self.recipients]),
            self.options.strip(),
            tuple([options for _, options in self.recipients]),
            octets,
            self.tls,
            self.number,
            self.client,
        )
        self.forget()
        self.letters += 1
        await trio.sleep(self.sink.delay)
        reply = self.sink.end(letter)
        if reply.startswith(("2", DROP)):
            self.sink.take(letter)
        if reply == DROP:
            return True
        await self.say(reply)
        return False


@asynccontextmanager
async def sink(context: ssl.SSLContext | None = None) -> AsyncIterator[Sink]:
    """A running `Sink`."""
    server = Sink(context)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        yield server
        nursery.cancel_scope.cancel()


def main() -> None:
    """A sink as a process of its own: a line on standard output for each letter, its Unix time and Message-ID."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    server = Sink()
    server.delay = options.delay
    server.keep = False
    if not options.quiet:
        server.note = _print
    trio.run(server.run, options.host, options.port)


def _print(letter: Received) -> None:
    header = letter.octets.partition(b"\r\n\r\n")[0]
    for line in header.split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            os.write(sys.stdout.fileno(), b"%.6f %b\n" % (time.time(), line.partition(b":")[2].strip()))


if __name__ == "__main__":
    main()
