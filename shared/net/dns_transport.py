"""One question to one nameserver: over UDP from a port of its own, over TCP where the answer is too long for that."""

from __future__ import annotations

import struct

import dns.message
import trio

from shared.net.dns_message import Truncated, Unusable, is_response, read
from shared.net.dns_settings import Nameserver
from shared.protocols.dns import Answer, Question

_LARGEST = 65_535  # octets of a message


async def exchange(server: Nameserver, question: Question, query: dns.message.QueryMessage) -> Answer:
    """The server's answer. Raises `Unusable`, and OSError where it cannot be reached; the caller sets the time."""
    octets = query.to_wire()
    message = await _over_udp(server, query, octets)
    try:
        return read(question, message, trusted=server.trusted)
    except Truncated:
        message = await _over_tcp(server, query, octets)
    try:
        return read(question, message, trusted=server.trusted)
    except Truncated as error:
        raise Unusable("cut off even over TCP") from error


async def _over_udp(server: Nameserver, query: dns.message.QueryMessage, octets: bytes) -> dns.message.Message:
    """The first datagram that answers the question; others are passed over."""
    family = trio.socket.AF_INET6 if ":" in server.host else trio.socket.AF_INET
    with trio.socket.socket(family, trio.socket.SOCK_DGRAM) as sock:
        await sock.connect((server.host, server.port))
        await sock.send(octets)
        while True:
            message = is_response(query, await sock.recv(_LARGEST))
            if message is not None:
                return message


async def _over_tcp(server: Nameserver, query: dns.message.QueryMessage, octets: bytes) -> dns.message.Message:
    async with await trio.open_tcp_stream(server.host, server.port) as stream:
        try:
            await stream.send_all(struct.pack("!H", len(octets)) + octets)
            (size,) = struct.unpack("!H", await _exactly(stream, 2))
            message = is_response(query, await _exactly(stream, size))
        except trio.BrokenResourceError as error:
            raise Unusable("connection broken") from error
    if message is None:
        raise Unusable("no response to what was asked")
    return message


async def _exactly(stream: trio.SocketStream, size: int) -> bytes:
    octets = bytearray()
    while len(octets) < size:
        more = await stream.receive_some(size - len(octets))
        if not more:
            raise Unusable("connection closed")
        octets += more
    return bytes(octets)
