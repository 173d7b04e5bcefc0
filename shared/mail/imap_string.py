"""Octets as an IMAP ``nstring``: NIL, quoted, or literal (RFC 3501 section 4.3, RFC 9051 section 4.3).

Whatever a stranger wrote, a client sees exactly one string: CR, LF and 8-bit octets make it a literal, and NUL,
which no form may carry, is dropped.
"""

from __future__ import annotations

NIL = b"NIL"

# What needs neither escape nor literal between double quotes: US-ASCII without NUL, CR, LF, '"' and '\'.
_PLAIN = bytes(octet for octet in range(1, 128) if octet not in b'\r\n"\\')


def is_plain(value: bytes) -> bool:
    """Whether ``value`` may stand between double quotes as it is."""
    return not value.translate(None, _PLAIN)


def string(value: bytes) -> bytes:
    """``value`` as a ``string``."""
    if not value.translate(None, _PLAIN):
        return b'"%b"' % value
    value = value.replace(b"\0", b"")
    if value.isascii() and b"\r" not in value and b"\n" not in value:
        return b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"{%d}\r\n%b" % (len(value), value)


def nstring(value: bytes | None) -> bytes:
    """``value`` as a ``string``, or NIL for None."""
    return NIL if value is None else string(value)
