"""The cheapest honest client: a blocking socket and a buffer. The load shares two cores with the servers."""

from __future__ import annotations

import socket
import ssl
from types import TracebackType


class Client:
    """Lines over a socket, under TLS where there is a context for it."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = plain if context is None else context.wrap_socket(plain, server_hostname="localhost")
        self._buffer = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def until(self, end: bytes) -> bytes:
        """Everything up to and including ``end``."""
        searched = 0
        while (found := self._buffer.find(end, max(0, searched - len(end)))) < 0:
            searched = len(self._buffer)
            self._fill()
        taken, self._buffer = self._buffer[: found + len(end)], self._buffer[found + len(end) :]
        return taken

    def line(self) -> bytes:
        return self.until(b"\r\n")

    def take(self, count: int) -> int:
        """Read and drop ``count`` octets."""
        rest = count - len(self._buffer)
        if rest < 0:
            self._buffer = self._buffer[count:]
            return count
        self._buffer = b""
        while rest > 0:
            got = self._socket.recv(min(rest, 1 << 20))
            if not got:
                raise EOFError
            rest -= len(got)
        return count

    def receive(self) -> bytes:
        """Whatever is there."""
        got, self._buffer = self._buffer or self._socket.recv(1 << 20), b""
        return got

    def _fill(self) -> None:
        got = self._socket.recv(1 << 18)
        if not got:
            raise EOFError(self._buffer[-200:])
        self._buffer += got

    def smtp(self, command: bytes) -> bytes:
        """One SMTP command and its reply, which must be positive."""
        self.send(command + b"\r\n")
        return self.reply()

    def reply(self) -> bytes:
        """One SMTP reply, all its lines."""
        lines = b""
        while True:
            line = self.line()
            lines += line
            if line[3:4] != b"-":
                if line[:1] not in (b"2", b"3"):
                    raise AssertionError(lines)
                return lines

    def imap(self, tag: bytes, command: bytes) -> bytes:
        """One IMAP command and everything up to its tagged OK."""
        self.send(tag + b" " + command + b"\r\n")
        return self.tagged(tag)

    def tagged(self, tag: bytes) -> bytes:
        end = b"\r\n" + tag + b" "
        if not self._buffer.startswith(end[2:]):
            body = self.until(end) if not self._begins(end[2:]) else b""
        else:
            body = b""
        line = self.line()
        status = line if body else line[len(tag) + 1 :]
        if not status.startswith(b"OK"):
            raise AssertionError(body[-300:] + line)
        return body

    def _begins(self, start: bytes) -> bool:
        while len(self._buffer) < len(start):
            self._fill()
        return self._buffer.startswith(start)

    def pop3(self, command: bytes) -> bytes:
        """One POP3 command with a single-line reply."""
        self.send(command + b"\r\n")
        line = self.line()
        if not line.startswith(b"+OK"):
            raise AssertionError(line)
        return line


def letter(size: int, number: int, to: str) -> bytes:
    """A letter of about ``size`` octets, different for each number, ready for DATA."""
    head = (
        f"From: Load <load@example.net>\r\nTo: <{to}>\r\nSubject: letter {number} of the load\r\n"
        f"Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{number}.{to}@example.net>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    ).encode()
    line = b"The quick brown fox jumps over the lazy dog, and the letter grows by a line. \r\n"
    return head + line * max(1, (size - len(head)) // len(line))
