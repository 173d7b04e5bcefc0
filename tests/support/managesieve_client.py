"""As much of a ManageSieve client as tests need that look at single responses."""

from __future__ import annotations

import socket
from base64 import b64encode


class ManageSieveClient:
    """``greeting`` is the last line of what the server said at first; "" when it said nothing."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self.socket.makefile("rb")
        self.greeting = self.response()

    def response(self) -> str:
        """The OK, NO or BYE that ends a response; "" at the end of the connection."""
        while line := self._file.readline().decode():
            if line.startswith(("OK", "NO", "BYE")):
                return line.rstrip()
        return ""

    def command(self, line: str) -> str:
        self.socket.sendall(line.encode() + b"\r\n")
        return self.response()

    def login(self, address: str, password: str) -> str:
        evidence = b64encode(f"\0{address}\0{password}".encode()).decode()
        return self.command(f'AUTHENTICATE "PLAIN" "{evidence}"')

    def close(self) -> None:
        self._file.close()
        self.socket.close()
