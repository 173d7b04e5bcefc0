"""Authentication-Results written, and forged ones taken out (RFC 8601).

1. What a stranger chose cannot end a value: each is a token, or a quoted string of printable ASCII.
2. The field names our authserv-id first, and only fields that do so are ours to remove.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from shared.mail.headers import Field, fields

NAME = b"authentication-results"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~@/=-]+\Z")
_UNSAFE = re.compile(r"[^ -~]")
_UNSAFE_COMMENT = re.compile(r"[^ !#-'*-\[\]-~]")
_LONGEST = 255
_COMMENT_OR_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"|[()]|\\.|[^"()\\]+|["\\]', re.DOTALL)


class Method(NamedTuple):
    """One result: ``spf=pass smtp.mailfrom=example.org``. Properties are ("smtp.mailfrom", value)."""

    name: str
    result: str
    properties: Sequence[tuple[str, str]] = ()
    reason: str = ""


def results_value(authserv_id: str, methods: Sequence[Method]) -> bytes:
    """The field's value, folded, without its name and line end; also what ARC-Authentication-Results says."""
    if not methods:
        return authserv_id.encode("ascii") + b"; none"
    lines = [authserv_id, *[_line(method) for method in methods]]
    return ";\r\n\t".join(lines).encode("ascii")


def results_field(authserv_id: str, methods: Sequence[Method]) -> bytes:
    """The whole field."""
    return b"Authentication-Results: " + results_value(authserv_id, methods) + b"\r\n"


def _line(method: Method) -> str:
    reason = f" ({_UNSAFE_COMMENT.sub('?', method.reason[:_LONGEST])})" if method.reason else ""
    values = [f" {name}={_value(value[:_LONGEST])}" for name, value in method.properties if value]
    return f"{method.name}={method.result}{reason}{''.join(values)}"


@lru_cache(4_096)
def _value(text: str) -> str:
    if _TOKEN.match(text) and "=" not in text:
        return text
    quoted = _UNSAFE.sub("?", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def without_forged(header: bytes, authserv_id: str) -> bytes:
    """``header`` without the Authentication-Results fields that claim to be ours (section 5)."""
    if NAME not in header.lower():
        return header
    kept, at = [], 0
    for field in fields(header):
        start = header.index(field.raw, at)
        end = start + len(field.raw)
        kept.append(header[at:start])
        if not is_ours(field, authserv_id):
            kept.append(field.raw)
        at = end
    kept.append(header[at:])
    return b"".join(kept)


def is_ours(field: Field, authserv_id: str) -> bool:
    """Whether the field names our authserv-id, however it is dressed up."""
    if field.name != NAME:
        return False
    plain = _without_comments(field.value).replace(b'"', b"").replace(b"\\", b"")
    word = re.split(rb"[\s;/]", plain.strip(), maxsplit=1)[0]
    return word.lower().rstrip(b".") == authserv_id.lower().rstrip(".").encode("ascii")


def _without_comments(value: bytes) -> bytes:
    out, depth = [], 0
    for found in _COMMENT_OR_TEXT.finditer(value):
        piece = found[0]
        if piece == b"(":
            depth += 1
        elif piece == b")" and depth:
            depth -= 1
        elif not depth:
            out.append(piece)
    return b"".join(out)
