"""Many SMTP sessions from one thread: each sends one letter, waits for every reply, and makes room for the next.

One thread and one epoll, because the load shares two cores with the servers it measures.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator

from tests.bench.client import letter


class Session:
    """One connection and what it still has to say."""

    def __init__(self, port: int, commands: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._commands = commands
        self._reply = b""

    def advance(self) -> bool:
        """Read what is there; answer a whole reply with the next command. False when all is said."""
        self._reply += self.socket.recv(65536)
        end = self._reply.rfind(b"\r\n", 0, -2) + 1
        line = self._reply[end + 1 if end else 0 :]
        if not line.endswith(b"\r\n") or line[3:4] == b"-":
            if not self._reply:
                raise EOFError("the server hung up")
            return True
        if line[:1] not in (b"2", b"3"):
            raise AssertionError(self._reply)
        self._reply = b""
        command = next(self._commands, None)
        if command is None:
            self.socket.close()
            return False
        self.socket.sendall(command)
        return True


def dialogue(address: str, number: int, size: int) -> Iterator[bytes]:
    """What a client says to hand in one letter, without pipelining."""
    yield b"EHLO load.example.net\r\n"
    yield b"MAIL FROM:<load@example.net>\r\n"
    yield b"RCPT TO:<" + address.encode() + b">\r\n"
    yield b"DATA\r\n"
    yield letter(size, number, address) + b".\r\n"
    yield b"QUIT\r\n"


def send_all(port: int, dialogues: Iterator[Iterator[bytes]], sessions: int) -> None:
    """Have ``sessions`` at once until there are no more dialogues."""
    with selectors.DefaultSelector() as selector:
        for _ in range(sessions):
            _begin(selector, port, dialogues)
        while selector.get_map():
            for _ in range(_advance(selector, None)):
                _begin(selector, port, dialogues)


def send_paced(port: int, dialogues: Iterator[Iterator[bytes]], rate: float) -> None:
    """Begin ``rate`` dialogues a second, however many are under way, until there are no more."""
    due = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        while True:
            wait = due - time.perf_counter()
            if wait > 0:
                _advance(selector, wait)
            elif _begin(selector, port, dialogues):
                due += 1 / rate
            else:
                break
        while selector.get_map():
            _advance(selector, None)


def _begin(selector: selectors.BaseSelector, port: int, dialogues: Iterator[Iterator[bytes]]) -> bool:
    """Whether there was one more to begin."""
    commands = next(dialogues, None)
    if commands is None:
        return False
    session = Session(port, commands)
    selector.register(session.socket, selectors.EVENT_READ, session)
    return True


def _advance(selector: selectors.BaseSelector, wait: float | None) -> int:
    """Serve what has come within ``wait`` seconds (None: until something comes); how many sessions ended."""
    ended = 0
    for key, _ in selector.select(wait):
        session: Session = key.data
        descriptor = key.fd
        if not session.advance():
            selector.unregister(descriptor)
            ended += 1
    return ended
