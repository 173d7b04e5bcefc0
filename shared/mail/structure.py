"""BODYSTRUCTURE of an entity out of its own line and those of what it holds (RFC 9051 section 7.5.2).

Rendered bottom-up when an entity ends, so that no depth of nesting needs recursion.
"""

from __future__ import annotations

import re

from shared.mail.content import Content

_STEP = re.compile(rb'"(?:[^"\\]|\\.)*"|\{(\d+)\}\r\n|[()]|[^\s()"{]+| ', re.DOTALL)
_EMPTY_TEXT = b'("TEXT" "PLAIN" ("charset" "US-ASCII") NIL NIL "7BIT" %d %d NIL NIL NIL NIL)'


def render_leaf(content: Content, size: int, lines: int) -> bytes:
    """An entity that holds no others; ``size`` in octets as transferred."""
    if content.media.type == "text":
        return b"%b%d %d%b" % (content.head, size, lines, content.tail)
    return b"%b%d%b" % (content.head, size, content.tail)


def render_message(content: Content, size: int, lines: int, envelope: bytes, body: bytes) -> bytes:
    """A message/rfc822 entity with the envelope and the structure of the message in it."""
    return b"%b%d %b %b %d%b" % (content.head, size, envelope, body, lines, content.tail)


def render_multipart(content: Content, parts: list[bytes]) -> bytes:
    """A multipart entity with its rendered parts, of which the grammar wants one at least."""
    return content.head + b"".join(parts) + content.tail


def render_unknown(size: int, lines: int) -> bytes:
    """Text that stands for what a multipart or message was too broken, or too deep, to show."""
    return _EMPTY_TEXT % (size, lines)


def render_body(body_structure: bytes) -> bytes:
    """The non-extensible form, BODY: ``body_structure`` without its extension data."""
    out: list[bytes] = []
    copied = at = 0
    stack: list[_Level] = []
    size = len(body_structure)
    while at < size:
        step = _STEP.match(body_structure, at)
        if step is None:
            break
        at = step.end() + int(step[1] or 0)  # the octets of a literal follow it
        token = step[0]
        if token == b" ":
            continue
        if token == b")" and stack:
            cut = stack.pop().cut
            if cut:
                out.append(body_structure[copied:cut])
                copied = at - 1
        elif stack:
            stack[-1].begin(token)
        if token == b"(":
            stack.append(_Level(is_body=not stack or stack[-1].holds_body))
        elif stack:
            stack[-1].end(at)
    out.append(body_structure[copied:])
    return b"".join(out)


class _Level:
    """One open parenthesis, and how many elements of it were seen.

    A body is ``body... subtype`` (multipart), or ``type subtype params id desc enc size``, with ``lines`` behind it
    for text and with ``envelope body lines`` for a message. What follows is extension data.
    """

    __slots__ = ("_is_body", "_is_message", "_is_multipart", "_items", "_limit", "cut", "holds_body")

    def __init__(self, *, is_body: bool) -> None:
        self._is_body = is_body
        self._is_multipart = self._is_message = False
        self._items = 0
        self._limit = 7 if is_body else 0
        self.cut = 0  # where the extension data begins
        self.holds_body = False  # the element just begun is a body

    def begin(self, token: bytes) -> None:
        """An element begins with ``token``."""
        self._items += 1
        if not self._is_body:
            return
        if self._items == 1:
            self._is_multipart = token == b"("
            self._is_message = token == b'"MESSAGE"'
            self._limit = 0 if self._is_multipart else 8 if token == b'"TEXT"' else 7
        if self._is_multipart:
            self.holds_body = token == b"(" and not self._limit
            if token != b"(" and not self._limit:
                self._limit = self._items  # the subtype
        elif self._is_message:
            if self._items == 2 and token in (b'"RFC822"', b'"GLOBAL"'):
                self._limit = 10
            self.holds_body = self._items == 9 and self._limit == 10

    def end(self, at: int) -> None:
        """The element ends before ``at``."""
        if self._is_body and self._items == self._limit:
            self.cut = at
