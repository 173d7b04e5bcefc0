"""From the scanner's calls to the body structure, the part table and the text for the preview.

Each entity is rendered when it ends and then known to its parent as bytes only. A multipart in which no part was
found shows one, unknown text, that is its whole body; a message/rfc822 without a message shows one of that kind: the
grammar wants them, and part numbers agree with what is shown.
"""

from __future__ import annotations

from shared.mail import content as contents
from shared.mail import envelope as envelopes
from shared.mail.content import Content, Kind, parse_content
from shared.mail.headers import collect
from shared.mail.limits import Limits
from shared.mail.parts import Row
from shared.mail.preview import PreviewSource
from shared.mail.structure import render_leaf, render_message, render_multipart, render_unknown

_ALL_FIELDS = contents.FIELDS | envelopes.FIELDS | {b"references"}


class Entity:
    """One entity that has not ended."""

    __slots__ = (
        "body_start",
        "children",
        "content",
        "envelope",
        "header_start",
        "in_digest",
        "is_message_body",
        "lines",
        "row",
    )

    def __init__(self, header_start: int, *, is_message_body: bool, in_digest: bool, row: int) -> None:
        self.header_start = header_start
        self.is_message_body = is_message_body  # its header is the header of a message
        self.in_digest = in_digest
        self.row = row  # index in the part table
        self.body_start = 0
        self.lines = 0  # LFs before the body
        self.content: Content = _NO_CONTENT
        self.envelope = envelopes.EMPTY  # of the message in this message/rfc822 entity
        self.children: list[bytes] = []  # rendered


class TreeBuilder:
    """A `shared.mail.scanner.Sink`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._stack: list[Entity] = []
        self._octets = 0  # rendered so far, or certain to be
        self.rows: list[Row] = []
        self.preview = PreviewSource()
        self.fields: dict[bytes, bytes] = {}  # of the message's own header
        self.header_size = 0
        self.envelope = b""
        self.body_structure = b""

    def is_full(self) -> bool:
        return len(self.rows) >= self._limits.parts or self._octets >= self._limits.structure

    def open(self, header_start: int) -> None:
        parent = self._stack[-1] if self._stack else None
        media = parent.content.media if parent is not None else None
        self._stack.append(
            Entity(
                header_start,
                is_message_body=media is None or media.kind is Kind.MESSAGE,
                in_digest=media is not None and media.digest,
                row=len(self.rows),
            )
        )
        self.rows.append([])

    def header(self, block: bytes, body_start: int, lines: int) -> tuple[Kind, bytes]:
        entity = self._stack[-1]
        fields = collect(
            block, _ALL_FIELDS if entity.is_message_body else contents.FIELDS, self._limits.header_fields
        )
        content = parse_content(fields, in_digest=entity.in_digest, limits=self._limits)
        entity.body_start, entity.lines, entity.content = body_start, lines, content
        if entity.row == 0:
            self.fields, self.header_size = fields, body_start
            self.envelope = envelopes.render_envelope(fields, self._limits.envelope, self._limits)
        elif entity.is_message_body:
            rendered = envelopes.render_envelope(fields, self._limits.nested_envelope, self._limits)
            self._stack[-2].envelope = rendered
            self._octets += len(rendered)
        self._octets += len(content.head) + len(content.tail)
        return content.media.kind, content.media.boundary

    def body(self, octets: bytes | bytearray) -> int:
        content = self._stack[-1].content
        if content.media.type != "text" or content.attachment:
            return 0
        return self.preview.take(self._stack[-1].row, content, octets)

    def close(self, end: int, lines: int) -> None:
        entity = self._stack.pop()
        rendered = self._render(entity, end, lines)
        media = entity.content.media
        self.rows[entity.row] = [
            int(media.kind),
            media.type,
            media.subtype,
            media.charset,
            entity.content.encoding,
            entity.header_start,
            entity.body_start,
            end,
            entity.content.attachment,
            len(self.rows) - entity.row - 1,
        ]
        if not self._stack:
            self.body_structure = rendered
            return
        self._stack[-1].children.append(rendered)

    def _render(self, entity: Entity, end: int, lines: int) -> bytes:
        size, lines = end - entity.body_start, lines - entity.lines
        kind = entity.content.media.kind
        if kind is Kind.LEAF:
            return render_leaf(entity.content, size, lines)
        if not entity.children:
            entity.children.append(render_unknown(size, lines))
            self.rows.append(_unknown_row(entity.body_start, end))
        if kind is Kind.MULTIPART:
            return render_multipart(entity.content, entity.children)
        return render_message(entity.content, size, lines, entity.envelope, entity.children[0])


def _unknown_row(start: int, end: int) -> Row:
    return [int(Kind.LEAF), "text", "plain", "us-ascii", "7bit", start, start, end, False, 0]


_NO_CONTENT = parse_content({}, in_digest=False, limits=Limits())
