"""FETCH responses: items, and the line around them (RFC 3501 section 7.4.2).

Octets that other rooms rendered (ENVELOPE, BODYSTRUCTURE) are passed on as they are.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.protocols.imap.strings import flag_list


def fetch(number: int, items: Iterable[bytes]) -> bytes:
    """``* n FETCH (...)`` of items rendered below."""
    return b"* %d FETCH (%b)\r\n" % (number, b" ".join(items))


def flags_item(names: Iterable[str]) -> bytes:
    """``FLAGS (...)``."""
    return b"FLAGS " + flag_list(names)


def section_item(label: bytes, octets: bytes | None) -> bytes:
    """``BODY[...] {n}`` with its octets, passed unchanged; an empty string when there is no such part.

    NIL would be allowed, but clients take it for a failure.
    """
    if octets is None:
        return label + b' ""'
    return b"%b {%d}\r\n%b" % (label, len(octets), octets)


def section_head_item(label: bytes, size: int) -> bytes:
    """The head of a section whose ``size`` octets are streamed behind it."""
    return b"%b {%d}\r\n" % (label, size)


def binary_item(label: bytes, octets: bytes) -> bytes:
    """``BINARY[...]`` with its octets: a literal8 where they need one (RFC 3516 section 4.3)."""
    return binary_head_item(label, len(octets), nul=b"\0" in octets) + octets


def binary_head_item(label: bytes, size: int, *, nul: bool) -> bytes:
    """Its head alone; ``nul``: the octets behind it hold NUL."""
    return b"%b %b{%d}\r\n" % (label, b"~" if nul else b"", size)


def binary_size_item(label: bytes, size: int) -> bytes:
    """``BINARY.SIZE[...] n``."""
    return b"%b %d" % (label, size)
