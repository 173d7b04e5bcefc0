"""A TCP relay that a test can make deaf: what the server sends then waits, as if the client did not read."""

from __future__ import annotations

import trio


class Relay:
    """Stands between clients and a server on ``target`` (a port of loopback)."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._open = trio.Event()
        self._open.set()

    def hold(self) -> None:
        """Pass on nothing that servers send, until `release`."""
        self._open = trio.Event()

    def release(self) -> None:
        self._open.set()

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(trio.serve_tcp, self._handle, 0)
            self.port = listeners[0].socket.getsockname()[1]
            task_status.started()

    async def _handle(self, client: trio.SocketStream) -> None:
        server = await trio.open_tcp_stream("127.0.0.1", self._target)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._copy, client, server, nursery.cancel_scope)
            nursery.start_soon(self._copy_when_open, server, client, nursery.cancel_scope)

    async def _copy_when_open(
        self, server: trio.SocketStream, client: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        while not scope.cancel_called:
            await self._open.wait()
            await self._pass_one(server, client, scope)

    async def _copy(self, client: trio.SocketStream, server: trio.SocketStream, scope: trio.CancelScope) -> None:
        while not scope.cancel_called:
            await self._pass_one(client, server, scope)

    async def _pass_one(self, source: trio.SocketStream, target: trio.SocketStream, scope: trio.CancelScope) -> None:
        try:
            data = await source.receive_some(65536)
            if data:
                await self._open.wait()
                await target.send_all(data)
            else:
                scope.cancel()
        except trio.BrokenResourceError:
            scope.cancel()
