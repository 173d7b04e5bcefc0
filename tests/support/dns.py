"""A nameserver for tests: zones as dictionaries, over UDP and TCP on a loopback port of its own."""

from __future__ import annotations

import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import trio

Zone = dict[str, dict[str, list[str]]]  # name to record type to records in the text form of zone files

SILENT, FAILING = "silent", "failing"  # in place of a name's records


class Nameserver:
    """Knows what is in ``zone``, which a test may change; all other names are not there.

    ``secure`` names are marked as validated. ``asked`` tells what was asked, in order.
    """

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.behaviour: dict[str, str] = {}  # name to SILENT or FAILING
        self.secure: set[str] = set()
        self.ttl = 300
        self.udp_limit = 1_232
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    @property
    def address(self) -> str:
        """As the setting ``nameservers`` wants it."""
        return f"127.0.0.1:{self.port}"

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
            await sock.bind(("127.0.0.1", self.port))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.serve_listeners, self._serve_tcp, listeners)
                task_status.started()
                while True:
                    octets, peer = await sock.recvfrom(65_535)
                    reply = self.reply(octets, limit=self.udp_limit)
                    if reply:
                        await sock.sendto(reply, peer)

    async def _serve_tcp(self, stream: trio.SocketStream) -> None:
        async with stream:
            size = await stream.receive_some(2)
            octets = await stream.receive_some(struct.unpack("!H", size)[0])
            reply = self.reply(octets, limit=65_535)
            if reply:
                await stream.send_all(struct.pack("!H", len(reply)) + reply)

    def reply(self, octets: bytes, *, limit: int) -> bytes:
        """The response to one query; empty for none."""
        query = dns.message.from_wire(octets)
        (question,) = query.question
        name, kind = question.name, dns.rdatatype.to_text(question.rdtype)
        plain = name.to_text(omit_final_dot=True).lower()
        self.asked.append((plain, kind))
        if self.behaviour.get(plain) == SILENT:
            return b""
        response = dns.message.make_response(query, recursion_available=True)
        if self.behaviour.get(plain) == FAILING:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        if plain in self.secure:
            response.flags |= dns.flags.AD
        self._fill(response, plain, kind)
        try:
            return response.to_wire(max_size=limit)
        except dns.exception.TooBig:
            response.answer.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(8):
            records = self._records(name)
            if records is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                return
            found = kind if kind in records else "CNAME"
            if found in records:
                rrset = dns.rrset.from_text_list(_name(name), self.ttl, "IN", found, records[found])
                response.answer.append(rrset)
            if found == kind or found not in records:
                return
            name = records[found][0].rstrip(".").lower()

    def _records(self, name: str) -> dict[str, list[str]] | None:
        if name in self.zone:
            return self.zone[name]
        is_parent = any(other.endswith(f".{name}") for other in self.zone)  # an empty non-terminal
        return {} if is_parent else None


def _name(text: str) -> dns.name.Name:
    return dns.name.Name([*(label.encode() for label in text.split(".")), b""])


@asynccontextmanager
async def nameserver(zone: Zone) -> AsyncIterator[Nameserver]:
    """A running `Nameserver`."""
    server = Nameserver(zone)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        yield server
        nursery.cancel_scope.cancel()


@contextmanager
def nameserver_thread(zone: Zone) -> Iterator[Nameserver]:
    """A `Nameserver` for tests that block, in a thread of its own."""
    server = Nameserver(zone)
    ready, ends = threading.Event(), trio.Event()
    tokens: list[trio.lowlevel.TrioToken] = []

    async def live() -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            tokens.append(trio.lowlevel.current_trio_token())
            ready.set()
            await ends.wait()
            nursery.cancel_scope.cancel()

    thread = threading.Thread(target=trio.run, args=(live,))
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        tokens[0].run_sync_soon(ends.set)
        thread.join(10)
