"""What the Content-* fields say of one MIME entity, ready to be sent (RFC 2045, 2183, 3282, 2557, 1864)."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from shared.mail.imap_string import NIL, nstring, string
from shared.mail.limits import Limits
from shared.mail.parameters import Parameters, parse_structured

FIELDS = frozenset(
    b"content-type content-transfer-encoding content-id content-description content-md5 content-disposition"
    b" content-language content-location".split()
)  # lower case

_RARE = FIELDS - {b"content-type", b"content-transfer-encoding"}
_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`{|}~")
_CACHED = 120  # octets; longer values mostly hold a boundary and do not come back


class Kind(IntEnum):
    """How an entity holds others."""

    LEAF = 0
    MULTIPART = 1
    MESSAGE = 2  # message/rfc822 or message/global: one whole message


class MediaType(NamedTuple):
    """A Content-Type value. Type and subtype are lower case; ``rendered`` are the IMAP parameters."""

    kind: Kind
    type: str
    subtype: str
    charset: str
    boundary: bytes
    digest: bool  # multipart/digest: parts without a type are messages
    rendered: bytes


class Content(NamedTuple):
    """An entity's fields. ``head`` is its rendered body structure up to the size, ``tail`` the extension data."""

    media: MediaType
    encoding: str
    attachment: bool
    head: bytes
    tail: bytes


def parse_content(fields: dict[bytes, bytes], *, in_digest: bool, limits: Limits) -> Content:
    """The content of an entity from its unfolded, stripped fields; ``in_digest``: its parent is a digest."""
    value = fields.get(b"content-type", b"message/rfc822" if in_digest else b"text/plain")
    encoding = fields.get(b"content-transfer-encoding", b"")
    if len(value) + len(encoding) <= _CACHED and _RARE.isdisjoint(fields):
        return _common_content(value, encoding, limits)
    return _content(value, encoding, fields, limits)


def _content(value: bytes, transfer_encoding: bytes, fields: dict[bytes, bytes], limits: Limits) -> Content:
    media = parse_media_type(value[: limits.field], limits.parameters)
    encoding = _token(transfer_encoding) or "7bit"
    disposition = fields.get(b"content-disposition")
    attachment, rendered = (False, NIL)
    if disposition is not None:
        attachment, rendered = _disposition(disposition[: limits.field], limits.parameters)
    language = _language(fields.get(b"content-language"), limits)
    location = _text(fields, b"content-location", limits)
    if media.kind is Kind.MULTIPART:
        head = b"("
        tail = b' "%b" %b %b %b %b)' % (media.subtype.upper().encode(), media.rendered, rendered, language, location)
    else:
        head = b'("%b" "%b" %b %b %b "%b" ' % (
            media.type.upper().encode(),
            media.subtype.upper().encode(),
            media.rendered,
            _text(fields, b"content-id", limits),
            _text(fields, b"content-description", limits),
            encoding.upper().encode(),
        )
        tail = b" %b %b %b %b)" % (_text(fields, b"content-md5", limits), rendered, language, location)
    return Content(media, encoding, attachment, head, tail)


def parse_media_type(value: bytes, limit: int) -> MediaType:
    """A Content-Type value; one that makes no sense is application/octet-stream (RFC 2045 section 5.2)."""
    lead, parameters = parse_structured(value, limit)
    name, slash, rest = lead.lower().partition(b"/")
    name, subtype = name.strip(), rest.strip()
    if not slash and name == b"text":
        subtype = b"plain"
    if not _is_token(name) or not _is_token(subtype):
        name, subtype = b"application", b"octet-stream"
    return _media_type(name.decode(), subtype.decode(), parameters)


def _media_type(name: str, subtype: str, parameters: Parameters) -> MediaType:
    kind = Kind.LEAF
    if name == "multipart":
        kind = Kind.MULTIPART
    elif name == "message" and subtype in ("rfc822", "global"):
        kind = Kind.MESSAGE
    found = dict(parameters)
    charset = found.get(b"charset", b"")
    if name == "text" and not charset:
        charset = b"us-ascii"
        parameters = [(b"charset", b"US-ASCII"), *parameters]
    return MediaType(
        kind,
        name,
        subtype,
        charset[:64].decode("ascii", "replace").lower(),
        found.get(b"boundary", b"").rstrip() if kind is Kind.MULTIPART else b"",
        kind is Kind.MULTIPART and subtype == "digest",
        render_parameters(parameters),
    )


def render_parameters(parameters: Parameters) -> bytes:
    """``("name" "value" ...)``, or NIL when there are none."""
    if not parameters:
        return NIL
    return b"(%b)" % b" ".join(b"%b %b" % (string(name), string(value)) for name, value in parameters)


def _disposition(value: bytes, limit: int) -> tuple[bool, bytes]:
    """Whether the entity is an attachment, and its body-fld-dsp (RFC 2183)."""
    lead, parameters = parse_structured(value, limit)
    name = lead.lower()
    if not name:
        return False, NIL
    return name == b"attachment", b"(%b %b)" % (string(name), render_parameters(parameters))


def _language(value: bytes | None, limits: Limits) -> bytes:
    if not value:
        return NIL
    tags = [tag.strip() for tag in value[: limits.field].split(b",", limits.parameters)[: limits.parameters]]
    tags = [tag for tag in tags if tag]
    if len(tags) == 1:
        return string(tags[0])
    return b"(%b)" % b" ".join(map(string, tags)) if tags else NIL


def _text(fields: dict[bytes, bytes], name: bytes, limits: Limits) -> bytes:
    value = fields.get(name)
    return NIL if value is None else nstring(value[: limits.field])


def _token(value: bytes) -> str:
    """The first word of a one-token field in lower case, or "" when it is none."""
    if not value:
        return ""
    word = value.lower()
    if not _is_token(word):
        word = parse_structured(word[:200], 0)[0].partition(b" ")[0]
    return word.decode("ascii") if _is_token(word) else ""


def _is_token(word: bytes) -> bool:
    return 0 < len(word) <= 127 and _TOKEN.issuperset(word)


@lru_cache(maxsize=256)
def _common_content(value: bytes, transfer_encoding: bytes, limits: Limits) -> Content:
    """The content of an entity without rare fields: most letters come with one of a few."""
    return _content(value, transfer_encoding, {}, limits)
