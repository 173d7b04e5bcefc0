"""Binary bodies made fit for all of IMAP while a message passes by: as base64 (RFC 3516 section 6).

A part whose Content-Transfer-Encoding is "binary" may hold NUL and lines of any length, which BODY[] cannot carry. So
its header says "base64" instead and its body is encoded; all else stays as it was sent.

Held are the header being read and an unfinished line that may be a boundary, never a body.
"""

from __future__ import annotations

import binascii
import re

from shared.mail import content as contents
from shared.mail.content import Kind, parse_content
from shared.mail.headers import collect
from shared.mail.limits import DEFAULT, Limits
from shared.mail.scanner import Scanner

_FIELD = re.compile(rb"^(content-transfer-encoding[ \t]*:[ \t]*)binary[ \t]*(?=\r?$)", re.IGNORECASE | re.MULTILINE)
_LINE = 57  # octets that make a line of 76
_ALL = 2**62  # octets of a body: every one is wanted


class BinaryToBase64:
    """A message, octets in, octets out; a `shared.mail.scanner.Sink` for the scanner that it feeds."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._out: list[bytes] = []
        self._held = bytearray()  # from offset _at on: taken in, not yet judged
        self._at = 0
        self._digests: list[bool] = []  # whether each entity that is open is a multipart/digest
        self._encodes = False  # the innermost entity's body
        self._rest = b""  # of it, less than a line
        self._scanner = Scanner(self, limits)

    def feed(self, data: bytes) -> bytes:
        """What the next octets become, as far as it is certain."""
        self._held += data
        self._scanner.feed(data)
        if len(self._held) > self._limits.header:
            self._pass(self._at + len(self._held))  # a header that long stays as it is
        return self._taken()

    def finish(self) -> bytes:
        """The rest."""
        self._scanner.finish()
        self._pass(self._at + len(self._held))
        return self._taken()

    def _taken(self) -> bytes:
        out, self._out = b"".join(self._out), []
        return out

    def _pass(self, to: int) -> None:
        """Let the octets before offset ``to`` out as they are."""
        if to > self._at:
            self._out.append(bytes(self._held[: to - self._at]))
            self._drop(to)

    def _drop(self, to: int) -> None:
        del self._held[: to - self._at]
        self._at = to

    # --- what the scanner tells ---

    def open(self, header_start: int) -> None:
        """An entity begins."""
        self._pass(header_start)

    def header(self, block: bytes, body_start: int, lines: int) -> tuple[Kind, bytes]:
        """Its header is read: a binary leaf gets another one."""
        in_digest = bool(self._digests) and self._digests[-1]
        content = parse_content(
            collect(block, contents.FIELDS, self._limits.header_fields), in_digest=in_digest, limits=self._limits
        )
        self._digests.append(content.media.digest)
        self._encodes = False
        if content.encoding == "binary" and content.media.kind is Kind.LEAF:
            header = bytes(self._held[: body_start - self._at])
            encoded, changed = _FIELD.subn(rb"\1base64", header, count=1)
            if changed:
                self._out.append(encoded)
                self._drop(body_start)
                self._encodes = True
        self._pass(body_start)
        return content.media.kind, content.media.boundary

    def body(self, octets: bytes | bytearray) -> int:
        """Some octets of the innermost entity's body."""
        if self._encodes:
            self._drop(self._at + len(octets))
            self._encode(self._rest + octets, final=False)
        else:
            self._pass(self._at + len(octets))
        return _ALL

    def close(self, end: int, lines: int) -> None:
        """The innermost entity ends."""
        if self._encodes:
            self._encode(self._rest, final=True)
            self._encodes = False
        self._digests.pop()
        self._pass(end)

    def is_full(self) -> bool:
        """Never: parts are not kept."""
        return False

    def _encode(self, octets: bytes, *, final: bool) -> None:
        whole = len(octets) if final else len(octets) - len(octets) % _LINE
        for start in range(0, whole, _LINE):
            self._out.append(binascii.b2a_base64(octets[start : min(start + _LINE, whole)], newline=False) + b"\r\n")
        self._rest = b"" if final else octets[whole:]
