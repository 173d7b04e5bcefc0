"""Which octets of a message: ``section`` and ``partial`` of FETCH (RFC 3501 section 6.4.5), as they are or without
their transfer encoding (RFC 3516 section 4.2)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.strings import string
from shared.protocols.imap.tokens import Arguments

MAX_FIELDS = 1000  # header field names in one item
MAX_PATH = 100  # levels; deeper parts are not kept apart

_TEXTS = frozenset({"HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME"})


class Section(NamedTuple):
    """BODY[...], BODY.PEEK[...], RFC822, RFC822.HEADER or RFC822.TEXT.

    ``text`` is "" (the part itself), "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT" or "MIME"; ``fields``
    are header field names as the client wrote them. ``label`` is how the response names the item.
    """

    path: tuple[int, ...]
    text: str
    fields: tuple[str, ...]
    peek: bool  # leave \\Seen alone
    partial: tuple[int, int] | None  # first octet, and how many (at least 1)
    label: bytes


class Binary(NamedTuple):
    """BINARY[...], BINARY.PEEK[...] or, with ``size``, BINARY.SIZE[...]: a part without its transfer encoding."""

    path: tuple[int, ...]
    size: bool  # only how many octets it has
    peek: bool
    partial: tuple[int, int] | None  # of the decoded octets
    label: bytes


def parse_binary(arguments: Arguments, *, size: bool, peek: bool) -> Binary:
    """What follows ``BINARY[`` and its kin, up to and with the partial."""
    spec = "" if arguments.peek() == b"]" else arguments.item()
    path, text = _split(spec)
    if text:
        raise ParseError("Part number expected")
    arguments.expect(b"]")
    partial = None if size else _partial(arguments)
    label = b"%b[%b]" % (b"BINARY.SIZE" if size else b"BINARY", spec.encode("ascii"))
    return Binary(path, size, peek, partial, label if partial is None else b"%b<%d>" % (label, partial[0]))


def parse_section(arguments: Arguments, *, peek: bool) -> Section:
    """What follows ``BODY[``, up to and with the partial."""
    spec = "" if arguments.peek() == b"]" else arguments.item()
    path, text = _split(spec)
    fields: tuple[str, ...] = ()
    label = b"BODY[" + spec.encode("ascii")
    if text.startswith("HEADER.FIELDS"):
        arguments.space()
        names = arguments.items(Arguments.astring)
        if not 0 < len(names) <= MAX_FIELDS:
            raise ParseError("Header field names expected, not too many")
        fields = tuple(name.decode("ascii", "replace") for name in names)
        label += b" (%b)" % b" ".join(map(_echo, names))
    if not arguments.skip(b"]"):
        raise ParseError("] expected")
    partial = _partial(arguments)
    label += b"]" if partial is None else b"]<%d>" % partial[0]
    return Section(path, text, fields, peek, partial, label)


def _split(spec: str) -> tuple[tuple[int, ...], str]:
    """``1.2.HEADER`` as ((1, 2), "HEADER")."""
    words = spec.split(".") if spec else []
    count = next((index for index, word in enumerate(words) if not word.isdigit()), len(words))
    text = ".".join(words[count:])
    if count > MAX_PATH or any(len(word) > 9 for word in words[:count]):
        raise ParseError("Section too deep")
    path = tuple(map(int, words[:count]))
    if 0 in path or "" in words or (text and text not in _TEXTS) or (text == "MIME" and not path):
        raise ParseError("No such section")
    return path, text


def _echo(name: bytes) -> bytes:
    return name if name.replace(b"-", b"").isalnum() else string(name)


def _partial(arguments: Arguments) -> tuple[int, int] | None:
    if not arguments.skip(b"<"):
        return None
    first = arguments.number64()
    if not arguments.skip(b"."):
        raise ParseError("Partial expected, as <0.1024>")
    count = arguments.number64()
    if not count or not arguments.skip(b">"):
        raise ParseError("Partial expected, as <0.1024>")
    return first, count
