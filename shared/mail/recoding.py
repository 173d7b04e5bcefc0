"""Bodies given another Content-Transfer-Encoding while their message passes by (RFC 2045 section 6).

For ways that cannot carry what a message holds: its parts are encoded one by one, and their headers say so; all else
stays as it was sent. Who drives it chooses, entity by entity; containers take a new label only, since nothing but
their leaves may be encoded (RFC 2045 section 6.4).

Held are the header being read and an unfinished line, never a body.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from shared.mail import content as contents
from shared.mail.content import Content, Kind, parse_content
from shared.mail.encoders import encoder
from shared.mail.headers import collect
from shared.mail.limits import DEFAULT, Limits
from shared.mail.scanner import Scanner

Choose = Callable[[int, Content], str]
"""Given an entity's number (the message is 0, then in order of their headers) and its content: the encoding that it
shall have, "" to leave it alone."""

SEVEN_BIT, EIGHT_BIT, BINARY, BASE64, QUOTED = "7bit", "8bit", "binary", "base64", "quoted-printable"

_ENCODED = frozenset({BASE64, QUOTED})
_FIELD = re.compile(
    rb"^content-transfer-encoding[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)(?=\r?$)", re.IGNORECASE | re.MULTILINE
)
_BLANK = re.compile(rb"(?:\A|(?<=\n))\r?\n\Z")
_TYPE = re.compile(rb"^content-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_VERSION = re.compile(rb"^mime-version[ \t]*:", re.IGNORECASE | re.MULTILINE)
UNKNOWN = "unknown-8bit"  # a charset that nobody named
_ALL = 2**62  # octets of a body: every one is wanted


class Encoder(Protocol):
    """A body's encoding, in pieces."""

    def feed(self, octets: bytes) -> bytes:
        """What the next octets become, as far as it is certain."""

    def finish(self) -> bytes:
        """The rest."""


class Recoder:
    """A message, octets in, octets out; a `shared.mail.scanner.Sink` for the scanner that it feeds.

    ``charset`` is what encoded text is in that does not say so (RFC 1428 section 3).
    """

    def __init__(self, choose: Choose, limits: Limits = DEFAULT, charset: str = UNKNOWN) -> None:
        self._choose = choose
        self._charset = charset
        self._limits = limits
        self._out: list[bytes] = []
        self._held = bytearray()  # from offset _at on: taken in, not yet judged
        self._at = 0
        self._number = 0  # of the next entity
        self._digests: list[bool] = []  # whether each entity that is open is a multipart/digest
        self._encoder: Encoder | None = None  # of the innermost entity's body
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
        """Its header is read: it may get another one."""
        in_digest = bool(self._digests) and self._digests[-1]
        fields = collect(block, contents.FIELDS, self._limits.header_fields)
        content = parse_content(fields, in_digest=in_digest, limits=self._limits)
        number, self._number = self._number, self._number + 1
        self._digests.append(content.media.digest)
        self._encoder = None
        wanted = self._choose(number, content)
        if wanted:
            header = bytes(self._held[: body_start - self._at])
            changed = _relabelled(header, wanted, self._charset, top=number == 0, in_digest=in_digest)
            if changed:
                self._out.append(changed)
                self._drop(body_start)
                self._encoder = encoder(wanted) if wanted in _ENCODED else None
        self._pass(body_start)
        return content.media.kind, content.media.boundary

    def body(self, octets: bytes | bytearray) -> int:
        """Some octets of the innermost entity's body."""
        if self._encoder is None:
            self._pass(self._at + len(octets))
        else:
            self._drop(self._at + len(octets))
            self._out.append(self._encoder.feed(bytes(octets)))
        return _ALL

    def close(self, end: int, lines: int) -> None:
        """The innermost entity ends."""
        if self._encoder is not None:
            self._out.append(self._encoder.finish())
            self._encoder = None
        self._digests.pop()
        self._pass(end)

    def is_full(self) -> bool:
        """Never: parts are not kept."""
        return False


def recoded(octets: bytes, choose: Choose, limits: Limits = DEFAULT, charset: str = UNKNOWN) -> bytes:
    """A message at once."""
    recoder = Recoder(choose, limits, charset)
    return recoder.feed(octets) + recoder.finish()


def binary_to_base64(number: int, content: Content) -> str:
    """Leaves that say "binary" become base64: what lines cannot carry, and IMAP's BODY[] neither (RFC 3516 6)."""
    return BASE64 if content.encoding == BINARY and content.media.kind is Kind.LEAF else ""


def labels_to_seven_bit(number: int, content: Content) -> str:
    """What says "8bit" or "binary" becomes quoted-printable where it is text, else base64."""
    if content.encoding not in (EIGHT_BIT, BINARY):
        return ""
    if content.media.kind is not Kind.LEAF:
        return SEVEN_BIT
    return QUOTED if content.media.type == "text" and content.encoding == EIGHT_BIT else BASE64


def _relabelled(header: bytes, encoding: str, charset: str, *, top: bool, in_digest: bool) -> bytes:
    """A header block, with the empty line behind it, that says ``encoding``; "" where there is no place for that."""
    label = b"Content-Transfer-Encoding: %b" % encoding.encode()
    found = _FIELD.search(header)
    if found is not None:
        before = header[: found.start(1)]
        gap = b" " if before.endswith(b":") else b""
        return before + gap + encoding.encode() + header[found.end(1) :]
    blank = _BLANK.search(header)
    if blank is None:
        return b""
    added = label + b"\r\n"
    if not _TYPE.search(header) and not in_digest:
        added = b"Content-Type: text/plain; charset=%b\r\n" % charset.encode() + added
    if top and not _VERSION.search(header):
        added = b"MIME-Version: 1.0\r\n" + added
    return header[: blank.start()] + added + header[blank.start() :]
