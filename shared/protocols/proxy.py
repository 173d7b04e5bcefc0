"""The PROXY protocol, versions 1 and 2: a balancer's word on who the peer really is.

The header is read exactly, not one octet further, since what follows may be a TLS handshake that is read from the
socket itself: `missing` says how many more octets surely belong to the header, `parse` reads the whole one.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from shared.base.ip import Address, unmapped
from shared.protocols.errors import ProtocolError

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V1_MAX = 107  # octets, CRLF included
V2_MAX = 2048  # octets; addresses and all TLVs of any sender we know
_SHORTEST = 15  # "PROXY UNKNOWN" CRLF
_V2_FIXED = 16
_V2_INET, _V2_INET6 = 1, 2
_V2_ADDRESSES = {_V2_INET: 12, _V2_INET6: 36}


class ProxyError(ProtocolError):
    """The octets are no PROXY header."""


class Source(NamedTuple):
    """The true peer and the port that it connected to."""

    host: str
    port: int
    local_port: int


def missing(octets: bytes | bytearray) -> int:
    """How many more octets are surely part of the header that ``octets`` begins; 0 when it is whole."""
    held = len(octets)
    if held < _SHORTEST:
        return _SHORTEST - held
    if octets[:12] == SIGNATURE:
        if held < _V2_FIXED:
            return _V2_FIXED - held
        total = _V2_FIXED + int.from_bytes(octets[14:16], "big")
        if total > V2_MAX:
            raise ProxyError(f"header of {total} octets")
        return total - held
    if octets[:6] != b"PROXY ":
        raise ProxyError("no signature")
    if octets.endswith(b"\r\n"):
        return 0
    if held >= V1_MAX:
        raise ProxyError("no line end")
    return 1


def parse(octets: bytes | bytearray) -> Source | None:
    """The source that a whole header names; None when it says to believe the connection (LOCAL, UNKNOWN)."""
    if missing(octets) != 0:
        raise ProxyError("not one whole header")
    return _v2(bytes(octets)) if octets[:12] == SIGNATURE else _v1(bytes(octets))


def _v1(line: bytes) -> Source | None:
    words = line[:-2].split(b" ")
    if words[1] == b"UNKNOWN":
        return None
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        raise ProxyError("malformed line")
    version = 4 if words[1] == b"TCP4" else 6
    _host(words[3], version)
    return Source(_host(words[2], version), _port(words[4]), _port(words[5]))


def _host(word: bytes, version: int) -> str:
    try:
        address = ip_address(word.decode("ascii"))
    except ValueError as error:
        raise ProxyError("malformed address") from error
    if address.version != version or getattr(address, "scope_id", None) is not None:
        raise ProxyError("malformed address")
    return _text(address)


def _text(address: Address) -> str:
    """IPv4 as such, also where a balancer that listens for both families names it in IPv6."""
    return str(unmapped(address))


def _port(word: bytes) -> int:
    if not word.isdigit() or len(word) > 5 or (word[:1] == b"0" and len(word) > 1) or int(word) > 65535:
        raise ProxyError("malformed port")
    return int(word)


def _v2(octets: bytes) -> Source | None:
    version, command = octets[12] >> 4, octets[12] & 15
    if version != 2 or command > 1:
        raise ProxyError("unknown version or command")
    family = octets[13] >> 4
    if command == 0 or family not in _V2_ADDRESSES:
        return None
    if octets[13] & 15 != 1:
        raise ProxyError("not a stream")
    body = octets[_V2_FIXED:]
    if len(body) < _V2_ADDRESSES[family]:
        raise ProxyError("addresses cut short")
    if family == _V2_INET:
        host = _text(IPv4Address(body[:4]))
        ports = body[8:12]
    else:
        host = _text(IPv6Address(body[:16]))
        ports = body[32:36]
    return Source(host, int.from_bytes(ports[:2], "big"), int.from_bytes(ports[2:], "big"))
