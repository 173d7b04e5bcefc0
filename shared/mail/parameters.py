"""Structured Content-* values: ``token; name=value`` with quotes, comments and continuations (RFC 2045, 2231)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from shared.mail.charsets import decode

_QUOTED = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_STOP = re.compile(rb'[;"(]')
_EDGE = re.compile(rb"\\.|[()]", re.DOTALL)

Parameters = list[tuple[bytes, bytes]]  # lower-case name, value without quotes; in the order of the field


def parse_structured(value: bytes, limit: int) -> tuple[bytes, Parameters]:
    """The leading token (as it stands) and at most ``limit`` parameters; of doubled names the first wins.

    Continuations (``name*0=``, ``name*1=``) are joined under ``name``, and under ``name*`` when they are
    extended: that value stays in its percent-encoded form, which every client understands.
    """
    if b'"' in value or b"(" in value:
        pieces: Iterator[bytes] = _pieces(value)
    else:
        pieces = map(_tidy, value.split(b";", limit + 1)[: limit + 1])
    lead = next(iter(pieces), b"")
    found: dict[bytes, bytes] = {}
    continued = False
    for _, piece in zip(range(limit), pieces, strict=False):
        name, equals, text = piece.partition(b"=")
        name = name.lower()
        if equals and name and name not in found:
            found[name] = text
            continued = continued or b"*" in name
    return lead, _join(found) if continued else list(found.items())


def _pieces(value: bytes) -> Iterator[bytes]:
    """What stands between the semicolons, without quotes, comments and the white space outside of quotes."""
    out: list[bytes] = []
    at, size = 0, len(value)
    while at < size:
        stop = _STOP.search(value, at)
        end = stop.start() if stop else size
        out.append(_tidy(value[at:end]))
        at = end + 1
        if stop is None:
            break
        if stop[0] == b";":
            yield b"".join(out)
            out = []
        elif stop[0] == b"(":
            at = _skip_comment(value, at)
        elif (quoted := _QUOTED.match(value, end)) is not None:
            text = quoted[1]
            out.append(_ESCAPED.sub(rb"\1", text) if b"\\" in text else text)
            at = quoted.end()
    yield b"".join(out)


def _tidy(piece: bytes) -> bytes:
    """``piece`` without white space around it and around its first "="."""
    name, equals, text = piece.partition(b"=")
    return name.strip() + equals + text.strip() if equals else name.strip()


def _skip_comment(value: bytes, at: int) -> int:
    depth = 1
    for edge in _EDGE.finditer(value, at):
        depth += {b"(": 1, b")": -1}.get(edge[0], 0)
        if depth == 0:
            return edge.end()
    return len(value)


def _join(found: dict[bytes, bytes]) -> Parameters:
    """Put continued parameters together (RFC 2231 section 3); sections beyond a gap are dropped."""
    joined: dict[bytes, bytes] = {}
    for name, value in found.items():
        base, star, rest = name.partition(b"*")
        if not star or not rest:
            joined.setdefault(name, value)
        elif rest.rstrip(b"*") == b"0":
            sections = list(_sections(found, base))
            extended = any(is_extended for _, is_extended in sections)
            text = b"".join(part if is_extended or not extended else _escape(part) for part, is_extended in sections)
            joined.setdefault(base + b"*" if extended else base, text)
    return list(joined.items())


def _sections(found: dict[bytes, bytes], base: bytes) -> Iterator[tuple[bytes, bool]]:
    """The sections ``base*0``, ``base*1`` ..., and whether each is extended."""
    number = 0
    while True:
        plain = b"%b*%d" % (base, number)
        if plain + b"*" in found:
            yield found[plain + b"*"], True
        elif plain in found:
            yield found[plain], False
        else:
            return
        number += 1


def _escape(part: bytes) -> bytes:
    """A plain section among extended ones, so that the whole can be percent-decoded."""
    return part.replace(b"%", b"%25")


def decoded(parameters: Parameters, name: bytes) -> str | None:
    """The text of one parameter, its character set undone (``name*`` is preferred, RFC 5987 style), or None."""
    found = dict(parameters)
    extended = found.get(name + b"*")
    if extended is not None and extended.count(b"'") >= 2:
        charset, _, rest = extended.partition(b"'")
        return decode(unquote_to_bytes(rest.partition(b"'")[2]), charset.decode("ascii", "replace"))
    plain = found.get(name)
    return None if plain is None else decode(plain, "us-ascii")
