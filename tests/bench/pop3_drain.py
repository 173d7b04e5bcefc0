"""Fifty POP3 accounts with 200 letters each, 20 at a time: RETR and DELE all, each answer waited for."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Generator, Sequence

from tests.bench.figures import Figure
from tests.bench.installation import Installation
from tests.bench.seed import fill_all

ACCOUNTS, LETTERS, SESSIONS = 50, 200, 20
PASSWORD = "bench-password"
END = {b"RETR": b"\r\n.\r\n"}  # of replies that are longer than a line


def run(house: Installation) -> list[Figure]:
    addresses = house.add_accounts([f"pop{number}" for number in range(ACCOUNTS)], PASSWORD)
    fill_all(house, addresses, PASSWORD, LETTERS)
    before, started = house.cpu_seconds(), time.perf_counter()
    done = drain_all(house.ports["pop3"], addresses)
    elapsed, used = time.perf_counter() - started, house.cpu_seconds() - before
    if done != ACCOUNTS * LETTERS:
        raise AssertionError(f"{done} letters came")
    return [
        Figure("POP3 letters of 4 KB per second, RETR and DELE", done / elapsed, "/s", 7500),
        Figure("server CPU per letter drained", used / done * 1000, "ms"),
    ]


def drain_all(port: int, addresses: Sequence[str]) -> int:
    """Drain all maildrops, `SESSIONS` at a time; how many letters came.

    One thread waits for all sockets at once: threads of Python would spend more on taking turns than the server on
    its answers.
    """
    waiting, poll, sessions, letters = list(addresses), select.epoll(), dict[int, Session](), 0
    while waiting or sessions:
        while waiting and len(sessions) < SESSIONS:
            session = Session(port, waiting.pop())
            sessions[session.socket.fileno()] = session
            poll.register(session.socket.fileno(), select.EPOLLIN)
        for number, _ in poll.poll():
            session = sessions[number]
            if not session.go_on():
                letters += session.letters
                del sessions[number]
                session.socket.close()
    poll.close()
    return letters


class Session:
    """One client: sends a command when the answer to the last one is there."""

    def __init__(self, port: int, address: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.letters = 0
        self._reply = b""
        self._end = b"\r\n"
        self._commands = self._talk(address)
        next(self._commands)

    def go_on(self) -> bool:
        """Take what has come; False when the conversation is over."""
        got = self.socket.recv(1 << 18)
        self._reply += got
        if not got:
            raise EOFError(self._reply[-200:])
        if not self._reply.endswith(self._end):
            return True
        reply, self._reply = self._reply, b""
        if not reply.startswith(b"+OK"):
            raise AssertionError(reply[:200])
        try:
            command = self._commands.send(reply)
        except StopIteration:
            return False
        self._end = END.get(command[:4], b"\r\n")
        self.socket.sendall(command + b"\r\n")
        return True

    def _talk(self, address: str) -> Generator[bytes, bytes, None]:
        """The commands; each ``yield`` gives the reply."""
        yield b""
        yield b"USER " + address.encode()
        yield b"PASS " + PASSWORD.encode()
        count = int((yield b"STAT").split()[1])
        for number in range(1, count + 1):
            yield b"RETR %d" % number
            yield b"DELE %d" % number
            self.letters += 1
        yield b"QUIT"
