"""A service for tests: echoes, and breaks in the way that its settings name."""

from __future__ import annotations

from dataclasses import dataclass

from shared.base.errors import StartError
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from shared.runtime.main import run
from shared.runtime.process import Process


@dataclass(frozen=True)
class SampleSettings:
    port: int = 0
    tls_port: int = 0
    breaks: str = ""

    @property
    def listeners(self) -> tuple[ListenerSpec, ...]:
        plain = ListenerSpec("imap", "127.0.0.1", self.port, "none")
        return (plain, ListenerSpec("imaps", "127.0.0.1", self.tls_port, "implicit")) if self.tls_port else (plain,)


async def echo(connection: Connection, spec: ListenerSpec) -> None:
    await connection.send(b"ready\r\n")
    while data := await connection.receive(60):
        await connection.send(data)


async def app(process: Process[SampleSettings]) -> None:
    if process.settings.breaks == "crash":
        raise KeyError("crash\nwith two lines")
    if process.settings.breaks == "start":
        raise StartError("the folder\nis not ours")
    if process.settings.breaks == "return":
        return
    await process.serve(process.settings.listeners, echo)


if __name__ == "__main__":
    raise SystemExit(run("imap", SampleSettings, app))
