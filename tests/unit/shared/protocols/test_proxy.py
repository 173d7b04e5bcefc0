from __future__ import annotations

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.protocols.proxy import SIGNATURE, ProxyError, Source, missing, parse

V1 = b"PROXY TCP4 192.0.2.1 198.51.100.7 50000 25\r\n"


def v2(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + bytes([0x20 | command, family]) + len(body).to_bytes(2, "big") + body


V2_INET = v2(1, 0x11, bytes([192, 0, 2, 1, 198, 51, 100, 7]) + (50000).to_bytes(2, "big") + (25).to_bytes(2, "big"))
V2_INET6 = v2(
    1,
    0x21,
    ipaddress.ip_address("2001:db8::1").packed
    + ipaddress.ip_address("2001:db8::2").packed
    + (50000).to_bytes(2, "big")
    + (993).to_bytes(2, "big")
    + b"\x03\x00\x04\x01\x02\x03\x04",  # a TLV, which we skip
)
V2_MAPPED = V2_INET6.replace(
    ipaddress.ip_address("2001:db8::1").packed, ipaddress.ip_address("::ffff:192.0.2.1").packed
)


def read(stream: bytes) -> tuple[Source | None, bytes]:
    """Read as the listener does: never more than is surely ours; what is left belongs to the protocol behind."""
    held = b""
    while (count := missing(held)) > 0:
        piece, stream = stream[:count], stream[count:]
        if not piece:
            raise EOFError
        held += piece
    return parse(held), stream


@pytest.mark.parametrize(
    ("header", "source"),
    [
        (V1, Source("192.0.2.1", 50000, 25)),
        (b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", Source("2001:db8::1", 1, 65535)),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.7 50000 25\r\n", Source("192.0.2.1", 50000, 25)),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN ffff:f...f:ffff 1 2\r\n", None),
        (V2_INET, Source("192.0.2.1", 50000, 25)),
        (V2_INET6, Source("2001:db8::1", 50000, 993)),
        (V2_MAPPED, Source("192.0.2.1", 50000, 993)),
        (v2(0, 0x00, b""), None),
        (v2(0, 0x11, b"x" * 12), None),
        (v2(1, 0x31, b"x" * 216), None),
    ],
)
def test_a_header_names_the_source_and_nothing_after_it_is_touched(header: bytes, source: Source | None) -> None:
    assert read(header + b"EHLO x\r\n") == (source, b"EHLO x\r\n")


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO client.example\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 50000\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 50000 25 x\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 50000 25\r\n",
        b"PROXY TCP4 192.0.2.256 198.51.100.7 50000 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 050000 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 65536 25\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::1 50000 25\r\n",
        b"PROXY UDP4 192.0.2.1 198.51.100.7 50000 25\r\n",
        b"PROXY TCP4 " + b"1" * 200,
        SIGNATURE + b"\x31\x11\x00\x0c" + b"x" * 12,
        SIGNATURE + b"\x22\x11\x00\x0c" + b"x" * 12,
        SIGNATURE + b"\x21\x12\x00\x0c" + b"x" * 12,
        SIGNATURE + b"\x21\x11\x00\x04" + b"x" * 4,
        SIGNATURE + b"\x21\x11\xff\xff" + b"x" * 40,
    ],
)
def test_what_is_no_header_is_an_error(header: bytes) -> None:
    with pytest.raises(ProxyError):
        read(header)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: SIGNATURE + tail))
@example(b"PROXY TCP4 \xff \xff 1 1\r\n")
@example(b"PROXY  \r\n      ")
def test_arbitrary_octets_raise_nothing_else(data: bytes) -> None:
    with suppress(ProxyError, EOFError):
        read(data)


@pytest.mark.parametrize("header", [V1, V2_INET, V2_INET6])
def test_every_prefix_needs_more(header: bytes) -> None:
    for end in range(len(header)):
        assert 0 < missing(header[:end]) <= len(header) - end
