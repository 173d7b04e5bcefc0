"""Content-Transfer-Encodings made, in pieces (RFC 2045 sections 6.7 and 6.8).

However a body is cut, it can be decoded to what it was.
"""

from __future__ import annotations

import binascii

_GROUP = 57  # octets that make a line of 76
_LONGEST = 16_384  # octets of a line that are held until its end comes


class Base64Encoder:
    """Lines of 76, the last one ended too."""

    def __init__(self) -> None:
        self._rest = b""  # less than a line

    def feed(self, octets: bytes) -> bytes:
        work = self._rest + octets
        whole = len(work) - len(work) % _GROUP
        self._rest = work[whole:]
        return b"".join([_line(work[start : start + _GROUP]) for start in range(0, whole, _GROUP)])

    def finish(self) -> bytes:
        rest, self._rest = self._rest, b""
        return _line(rest) if rest else b""


def _line(octets: bytes) -> bytes:
    return binascii.b2a_base64(octets, newline=False) + b"\r\n"


class QuotedPrintableEncoder:
    """For text whose lines end in CRLF: they stay lines."""

    def __init__(self) -> None:
        self._rest = b""  # an unfinished line

    def feed(self, octets: bytes) -> bytes:
        work = self._rest + octets
        end = work.rfind(b"\r\n") + 2
        out = []
        if end > 1:
            out.append(binascii.b2a_qp(work[:end]))
            work = work[end:]
        while len(work) >= _LONGEST:
            out.append(_part(work[: _LONGEST // 2]) + b"=\r\n")
            work = work[_LONGEST // 2 :]
        self._rest = work
        return b"".join(out)

    def finish(self) -> bytes:
        rest, self._rest = self._rest, b""
        return _part(rest) if rest else b""


def _part(octets: bytes) -> bytes:
    """Some of a line that goes on, or ends with the body. Its own soft line ends must be CRLF, which only one in the
    input makes them; and what stands before such an end must not be white space."""
    return binascii.b2a_qp(octets + b"\r\n")[:-2]


def encoder(encoding: str) -> Base64Encoder | QuotedPrintableEncoder:
    """For ``base64`` or ``quoted-printable``."""
    return QuotedPrintableEncoder() if encoding == "quoted-printable" else Base64Encoder()
