"""Address fields taken apart: mailboxes and groups as octets (RFC 5322 sections 3.4 and 4.4, RFC 6532).

Lazy and linear: a field of 100,000 addresses costs what is taken of it. Nothing is refused; what has no ``@`` is a
mailbox without a domain. RFC 2047 words in names stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb'"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)'  # an unfinished one ends with the field
    rb"|(?P<text>[^\"(<>,;:\[\\)]+)"
    rb"|(?P<literal>\[[^\]]*\]?)"
    rb"|(?P<special>.)",
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT_EDGE = re.compile(rb"\\.|[()]", re.DOTALL)
_SIMPLE = bytes(octet for octet in range(256) if octet not in b'"(:;[\\')  # need no parser
_SINGLE = bytes(octet for octet in range(256) if octet not in b'"(:;[\\<>,')


class Mailbox(NamedTuple):
    """One address as IMAP shows it: an empty ``domain`` is a missing one.

    A group begins with (None, None, its name, None) and ends with four times None.
    """

    name: bytes | None
    route: bytes | None
    local: bytes | None
    domain: bytes | None


GROUP_END = Mailbox(None, None, None, None)


def parse_addresses(value: bytes) -> Iterator[Mailbox]:
    """The mailboxes and groups of an unfolded address field's value."""
    if not value.translate(None, _SIMPLE):
        return _simple(value)
    single = _quoted_single(value)
    return _AddressParser(value).parse() if single is None else iter((single,))


def first_mailbox(value: bytes) -> Mailbox | None:
    """The first mailbox that is no group, or None."""
    for mailbox in parse_addresses(value):
        if mailbox.domain is not None:
            return mailbox
    return None


def _simple(value: bytes) -> Iterator[Mailbox]:
    """Addresses of a field without quotes, comments, groups and routes."""
    for item in value.split(b","):
        name, angle, rest = item.partition(b"<")
        if angle:
            local, at, domain = rest.partition(b">")[0].rpartition(b"@")
            if not at:
                local, domain = domain, b""
            yield Mailbox(name.strip() or None, None, local.strip(), domain.strip())
        elif bare := item.strip():
            local, at, domain = bare.rpartition(b"@")
            yield Mailbox(None, None, local.strip(), domain.strip()) if at else Mailbox(None, None, bare, b"")


def _quoted_single(value: bytes) -> Mailbox | None:
    """``"Display name" <local@domain>`` and nothing else, the most frequent form; None for all others."""
    name, _, spec = value.partition(b"<")
    name = name.rstrip()
    if name[:1] != b'"' or name[-1:] != b'"' or spec[-1:] != b">":
        return None
    name, spec = name[1:-1], spec[:-1]
    if b'"' in name or b"\\" in name or spec.translate(None, _SINGLE):
        return None
    local, at, domain = spec.rpartition(b"@")
    return Mailbox(name or None, None, local.strip(), domain.strip()) if at else None


class _AddressParser:
    """The general case: one pass over the tokens of a field."""

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._words: list[bytes] = []  # of a phrase, or of an address without angle brackets
        self._quoted: list[bool] = []
        self._comment: bytes | None = None
        self._angle: Mailbox | None = None
        self._in_group = False

    def parse(self) -> Iterator[Mailbox]:
        value, at, size = self._value, 0, len(self._value)
        while at < size:
            token = _TOKEN.match(value, at)
            if token is None:  # cannot be: the last alternative takes any octet
                break
            at = token.end()
            if token.lastgroup == "quoted":
                self._take(_unescape(token["quoted"]), quoted=True)
            elif token.lastgroup != "special":
                self._take(token[0], quoted=False)
            elif token[0] == b"(":
                at = self._skip_comment(at)
            elif token[0] == b"<":
                at = self._read_angle(at)
            elif token[0] in (b",", b";"):
                yield from self._end_item(group_ends=token[0] == b";")
            elif token[0] == b":" and self._angle is None and not self._in_group:
                yield Mailbox(None, None, self._phrase() or b"", None)
                self._clear()
                self._in_group = True
        yield from self._end_item(group_ends=True)

    def _take(self, word: bytes, *, quoted: bool) -> None:
        self._words.append(word)
        self._quoted.append(quoted)

    def _clear(self) -> None:
        self._words, self._quoted = [], []
        self._comment = self._angle = None

    def _end_item(self, *, group_ends: bool) -> Iterator[Mailbox]:
        if self._angle is not None:
            yield self._angle._replace(name=self._phrase() or self._comment)
        elif any(self._quoted) or b"".join(self._words).strip():
            yield self._bare()
        self._clear()
        if group_ends and self._in_group:
            self._in_group = False
            yield GROUP_END

    def _phrase(self) -> bytes | None:
        """The words so far as a display name: quotes gone, one space where there was white space."""
        out: list[bytes] = []
        gap = False
        for word, quoted in zip(self._words, self._quoted, strict=True):
            text = word if quoted else b" ".join(word.split())
            if out and text and (gap or (not quoted and word[:1].isspace())):
                out.append(b" ")
            out.append(text)
            gap = not quoted and (word[-1:].isspace())
        return b"".join(out).strip() or None

    def _bare(self) -> Mailbox:
        """An address without angle brackets; its display name may stand in a comment behind it."""
        local: list[bytes] = []
        domain: list[bytes] | None = None
        for word, quoted in zip(self._words, self._quoted, strict=True):
            if quoted:
                (local if domain is None else domain).append(word)
                continue
            text = b"".join(word.split()) if domain is not None or b"@" in word else word.strip()
            if domain is None and b"@" in text:
                before, _, after = text.rpartition(b"@")
                local.append(before)
                domain = [after]
            else:
                (local if domain is None else domain).append(text)
        return Mailbox(self._comment, None, b"".join(local), b"".join(domain or ()))

    def _skip_comment(self, at: int) -> int:
        """Pass over a comment, whose "(" was read, and remember its text; the offset behind it."""
        depth, start = 1, at
        for edge in _COMMENT_EDGE.finditer(self._value, at):
            if edge[0] == b"(":
                depth += 1
            elif edge[0] == b")":
                depth -= 1
                if depth == 0:
                    self._comment = _unescape(self._value[start : edge.start()]).strip() or None
                    return edge.end()
        return len(self._value)

    def _read_angle(self, at: int) -> int:
        """Read ``route:local@domain>``, whose "<" was read; the offset behind the ">"."""
        value, size = self._value, len(self._value)
        route, local = None, b""
        if value[at : at + 1] == b"@":
            end = value.find(b">", at)
            colon = value.find(b":", at, end if end >= 0 else size)
            if colon >= 0:
                route, at = value[at:colon], colon + 1
        if value[at : at + 1] == b'"' and (quoted := _TOKEN.match(value, at)) is not None:
            local, at = _unescape(quoted["quoted"]), quoted.end()
        end = value.find(b">", at)
        spec = value[at : end if end >= 0 else size]
        before, sign, domain = spec.rpartition(b"@")
        if not sign:
            before, domain = domain, b""
        self._angle = Mailbox(None, route, local + before.strip(), domain.strip())
        return end + 1 if end >= 0 else size


def _unescape(text: bytes) -> bytes:
    return _ESCAPED.sub(rb"\1", text) if b"\\" in text else text
