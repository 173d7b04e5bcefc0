"""A real nats-server for tests, killed at will and restarted on the same ports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from shared.bus.configuration import Listeners, server_configuration
from shared.contracts.subjects import SERVICES
from tests.support.ports import free_port

BINARY = Path(sys.executable).parent / "nats-server"
PASSWORDS = {service: f"secret of {service}" for service in SERVICES}


class NatsServer:
    def __init__(self, folder: Path, passwords: Mapping[str, str], certificate: str = "", key: str = "") -> None:
        self.websocket_port = free_port()
        self.client_port = free_port()
        listeners = Listeners(
            websocket=self.websocket_port, client=self.client_port, certificate=certificate, key=key
        )
        self._configuration = folder / "nats.conf"
        self._configuration.write_text(server_configuration(listeners, passwords))
        self._log = folder / "nats.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def wait_log(self, text: str) -> None:
        """Return once the server has said ``text``."""
        while text not in self.log:  # noqa: ASYNC110 - nothing announces a line in a file
            await trio.sleep(0.02)

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.websocket_port}"

    @property
    def nats(self) -> str:
        return f"nats://127.0.0.1:{self.client_port}"

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([BINARY, "-c", self._configuration], stdout=log, stderr=log)  # noqa: ASYNC220
        with trio.fail_after(10):
            while True:
                try:
                    stream = await trio.open_tcp_stream("127.0.0.1", self.websocket_port)
                except OSError:
                    assert self._process.poll() is None, self.log
                    await trio.sleep(0.02)
                else:
                    await stream.aclose()
                    return

    def kill(self) -> None:
        """SIGKILL, and reap."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@asynccontextmanager
async def nats_server(folder: Path, *, certificate: str = "", key: str = "") -> AsyncIterator[NatsServer]:
    server = NatsServer(folder, PASSWORDS, certificate, key)
    try:
        await server.start()
        yield server
    finally:
        server.kill()
