"""Connect, LOGIN, LOGOUT by IMAP, plain and with STARTTLS, with a password that storage knows to be right."""

from __future__ import annotations

import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.client import Client
from tests.bench.figures import Figure
from tests.bench.installation import Installation

SESSIONS, PLAIN, SECURE = 20, 3_000, 1_200
PASSWORD = "bench-password"


def run(house: Installation) -> list[Figure]:
    addresses = house.add_accounts([f"login{number}" for number in range(SESSIONS)], PASSWORD)
    port = house.ports["imap"]
    context = ssl.create_default_context(cafile=str(house.authority))
    for address in addresses:
        plain(port, address)
    with ThreadPoolExecutor(SESSIONS) as pool:
        started = time.perf_counter()
        list(pool.map(lambda n: plain(port, addresses[n % SESSIONS]), range(PLAIN)))
        plain_rate = PLAIN / (time.perf_counter() - started)
        started = time.perf_counter()
        list(pool.map(lambda n: secure(port, addresses[n % SESSIONS], context), range(SECURE)))
        secure_rate = SECURE / (time.perf_counter() - started)
    return [
        Figure("IMAP connect, LOGIN, LOGOUT, plain", plain_rate, "/s", 1000),
        Figure("IMAP connect, STARTTLS, LOGIN, LOGOUT", secure_rate, "/s", 400),
    ]


def plain(port: int, address: str) -> None:
    with Client(port) as client:
        client.line()
        client.imap(b"a", f"LOGIN {address} {PASSWORD}".encode())
        client.imap(b"b", b"LOGOUT")


def secure(port: int, address: str, context: ssl.SSLContext) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.recv(4096)
        raw.sendall(b"a STARTTLS\r\n")
        raw.recv(4096)
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            for command in (f"b LOGIN {address} {PASSWORD}\r\n".encode(), b"c LOGOUT\r\n"):
                tls.sendall(command)
                reply = b""
                while command[:2] + b"OK" not in reply:
                    reply += tls.recv(4096)
