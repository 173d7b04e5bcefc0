"""COMPRESS and UNAUTHENTICATE where a transcript does not reach: floods, pipelining, their interplay."""

from __future__ import annotations

import zlib

import psutil

from tests.unit.services.imap.stage import PASSWORD, Client, Stage


class Deflated:
    """A client's stream under DEFLATE."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._out = zlib.compressobj(wbits=-15)
        self._in = zlib.decompressobj(-15)
        self._received = b""

    async def send(self, octets: bytes, how: int = zlib.Z_SYNC_FLUSH) -> None:
        await self._client.send(self._out.compress(octets) + self._out.flush(how))

    async def line(self) -> bytes:
        """The next line; empty at the end."""
        while b"\n" not in self._received:
            octets = await self._client.stream.receive_some(65536)
            if not octets:
                return b""
            self._received += self._in.decompress(octets)
        line, _, self._received = self._received.partition(b"\n")
        return line + b"\n"


async def compressed(stage: Stage) -> Deflated:
    client = await stage.logged_in()
    await client.ok("COMPRESS DEFLATE")
    return Deflated(client)


async def test_commands_that_come_together_are_answered_in_order(stage: Stage) -> None:
    client = await compressed(stage)
    await client.send(b"".join(b"n%d NOOP\r\n" % number for number in range(50)))
    for number in range(50):
        assert (await client.line()).startswith(b"n%d OK" % number)


async def test_case_45_a_bomb_meets_the_limits_of_what_it_becomes(stage: Stage) -> None:
    process = psutil.Process()
    client = await compressed(stage)
    bomb = zlib.compressobj(9, wbits=-15)
    octets = b"".join(bomb.compress(bytes(1024 * 1024)) for _ in range(200)) + bomb.flush(zlib.Z_SYNC_FLUSH)
    assert len(octets) < 1024 * 1024
    before = process.memory_info().rss
    await client._client.send(octets)
    assert (await client.line()).startswith(b"* BYE")
    assert process.memory_info().rss - before < 16 * 1024 * 1024


async def test_what_is_not_deflate_ends_the_session(stage: Stage) -> None:
    client = await compressed(stage)
    await client._client.send(b"a NOOP in the clear\r\n")
    assert (await client.line()).startswith(b"* BYE")


async def test_nothing_may_be_sent_ahead_of_the_answer(stage: Stage) -> None:
    client = await stage.logged_in()
    await client.send(b"c COMPRESS DEFLATE\r\nx NOOP\r\n")
    assert (await client.response()).startswith(b"c OK")
    assert (await client.response()).startswith(b"* BYE")


async def test_unauthenticate_ends_the_compression_behind_its_answer(stage: Stage) -> None:
    client = await compressed(stage)
    await client.send(b"u UNAUTHENTICATE\r\n", zlib.Z_FINISH)
    assert (await client.line()).startswith(b"u OK")
    plain = client._client
    await plain.ok(f'LOGIN bob@example.org "{PASSWORD}"')
    await plain.ok("COMPRESS DEFLATE")


async def test_unauthenticate_makes_room_for_another_session_of_the_account(stage: Stage) -> None:
    client = await stage.selected()
    await client.send(b"u UNAUTHENTICATE\r\nl LOGIN bob@example.org wrong\r\n")
    assert (await client.response()).startswith(b"u OK")
    assert (await client.response()).startswith(b"l NO")
    await client.ok(f'LOGIN bob@example.org "{PASSWORD}"')
    assert (await client.ask("CLOSE"))[-1].startswith(b"BAD")
