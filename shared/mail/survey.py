r"""What a message asks of its way: whether its parts hold octets above 127, NUL, or lines that are none.

Gathered in one pass, in any pieces; from it a `Survey` tells which parts must be encoded for a way that carries less
(RFC 6152 section 3, RFC 3030 section 3), and whether that is enough. What no part holds (a header, a preamble) cannot
be encoded.
"""

from __future__ import annotations

from shared.mail import content as contents
from shared.mail.content import Content, Kind, parse_content
from shared.mail.headers import collect
from shared.mail.limits import DEFAULT, Limits
from shared.mail.recoding import BASE64, BINARY, EIGHT_BIT, QUOTED, SEVEN_BIT
from shared.mail.scanner import Scanner
from shared.mail.transfer import IDENTITY

LINE = 998  # octets, without its end (RFC 5322 section 2.1.1)
_ASCII = bytes(range(128))
_ALL = 2**62


class _Entity:
    """What one entity's body holds."""

    __slots__ = ("after_cr", "encoding", "high", "kind", "line", "wild")

    def __init__(self, kind: Kind, encoding: str) -> None:
        self.kind = kind
        self.encoding = encoding
        self.high = 0  # octets above 127
        self.wild = False  # NUL, a lone CR or LF, or a line beyond the limit
        self.after_cr = False
        self.line = 0  # octets of the unfinished line

    def see(self, octets: bytes) -> None:
        if not octets:
            return
        if not octets.isascii():
            self.high += len(octets.translate(None, _ASCII))
        if self.wild:
            return
        joined = self.after_cr and octets[:1] == b"\n"
        lone = self.after_cr and not joined
        self.after_cr = octets[-1:] == b"\r"
        pairs = octets.count(b"\r\n")
        lone = lone or octets.count(b"\n") - joined != pairs or octets.count(b"\r") - self.after_cr != pairs
        self.wild = lone or b"\0" in octets or self._is_long(octets)

    def _is_long(self, octets: bytes) -> bool:
        lines = octets.split(b"\n")
        lengths = [len(line) for line in lines]
        lengths[0] += self.line
        self.line = lengths[-1]
        return max(lengths) > LINE + 1  # the CR counts here


class Survey:
    """A `shared.mail.scanner.Sink`. Feed the message, `finish`, then ask."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._entities: list[_Entity] = []
        self._open: list[_Entity] = []
        self._digests: list[bool] = []
        self._high = 0  # octets above 127, wherever they stand
        self._rough_header = False  # a header holds NUL, a lone CR or a lone LF
        self._scanner = Scanner(self, limits)

    def feed(self, data: bytes) -> None:
        """The next octets."""
        if not data.isascii():
            self._high += len(data.translate(None, _ASCII))
        self._scanner.feed(data)

    def finish(self) -> None:
        """The message is complete."""
        self._scanner.finish()

    # --- what it means ---

    @property
    def eight_bit(self) -> bool:
        """Whether there is an octet above 127."""
        return self._high > 0

    @property
    def binary(self) -> bool:
        """Whether a part that says "binary" holds what lines cannot carry."""
        return any(_is_binary(each) for each in self._entities)

    @property
    def carries_binary(self) -> bool:
        """Whether everything outside of such parts is lines: then all of it may go as it is (RFC 3030)."""
        return not self._rough_header and not any(each.wild and each.encoding != BINARY for each in self._entities)

    @property
    def convertible(self) -> bool:
        """Whether nothing above 127 is left when the parts are encoded."""
        return self._high == sum([each.high for each in self._entities if _is_encodable(each)])

    def lines(self, number: int, content: Content) -> str:
        """The `shared.mail.recoding.Choose` for a way that takes lines, of any octets."""
        entity = self._entities[number] if number < len(self._entities) else None
        if entity is None or content.encoding != BINARY:
            return ""
        return BASE64 if _is_binary(entity) else EIGHT_BIT

    def short_lines(self, number: int, content: Content) -> str:
        """The `shared.mail.recoding.Choose` for a way that takes lines of at most `LINE` octets."""
        entity = self._entities[number] if number < len(self._entities) else None
        if entity is None or not entity.wild or not _is_encodable(entity) or content.encoding == BINARY:
            return ""
        return QUOTED if content.media.type == "text" else BASE64

    def seven_bit(self, number: int, content: Content) -> str:
        """The `shared.mail.recoding.Choose` for a way that takes ASCII only."""
        entity = self._entities[number] if number < len(self._entities) else None
        if entity is None or content.encoding not in IDENTITY:
            return ""
        if content.media.kind is not Kind.LEAF or not (entity.high or _is_binary(entity)):
            return SEVEN_BIT if content.encoding in (EIGHT_BIT, BINARY) else ""
        return QUOTED if content.media.type == "text" and not entity.wild else BASE64

    # --- what the scanner tells ---

    def open(self, header_start: int) -> None:
        """An entity begins."""

    def header(self, block: bytes, body_start: int, lines: int) -> tuple[Kind, bytes]:
        """Its header is read."""
        in_digest = bool(self._digests) and self._digests[-1]
        fields = collect(block, contents.FIELDS, self._limits.header_fields)
        content = parse_content(fields, in_digest=in_digest, limits=self._limits)
        pairs = block.count(b"\r\n")
        if b"\0" in block or block.count(b"\n") != pairs or block.count(b"\r") != pairs:
            self._rough_header = True
        entity = _Entity(content.media.kind, content.encoding)
        self._entities.append(entity)
        self._open.append(entity)
        self._digests.append(content.media.digest)
        return content.media.kind, content.media.boundary

    def body(self, octets: bytes | bytearray) -> int:
        """Some octets of the innermost entity's body."""
        self._open[-1].see(bytes(octets))
        return _ALL

    def close(self, end: int, lines: int) -> None:
        """The innermost entity ends."""
        entity = self._open.pop()
        entity.wild = entity.wild or entity.after_cr or entity.line > LINE
        self._digests.pop()

    def is_full(self) -> bool:
        """Never: what is kept of a part is small, and there are limits to a message's size."""
        return False


def _is_binary(entity: _Entity) -> bool:
    return entity.wild and entity.encoding == BINARY and entity.kind is Kind.LEAF


def _is_encodable(entity: _Entity) -> bool:
    return entity.kind is Kind.LEAF and entity.encoding in IDENTITY
