"""What SORT and THREAD compare (RFC 5256, RFC 5957), rendered once, at arrival."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

from shared.mail.address_list import Mailbox, parse_addresses
from shared.mail.base_subject import base_subject
from shared.mail.charsets import decode
from shared.mail.encoded_words import decode_words
from shared.mail.fold import fold

_READ = 16 * 1024  # octets of a field that are read
_KEPT = 320  # characters of an address key
_SUBJECT = 2_000  # ... and of a subject
_ANCESTORS = 100  # the nearest ones that are kept
_ID = re.compile(rb"<([^<>]*@[^<>]*)>")
_QUOTING = re.compile(rb'["\\\s]')


class SortKeys(NamedTuple):
    """Texts are folded (i;unicode-casemap); those of addresses are of the first one, and "" where there is none.

    ``thread`` is what threading needs, as numbers of 64 bits each: see `pack_thread`.
    """

    sort_subject: str  # base subject
    sort_from: str  # mailbox: what stands before the "@"
    sort_to: str
    sort_cc: str
    shown_from: str  # DISPLAYFROM: the name, else the address
    shown_to: str  # DISPLAYTO
    thread: bytes


def sort_keys(fields: Mapping[bytes, bytes]) -> SortKeys:
    """The keys of a message with these header fields (unfolded; names in lower case)."""
    subject, answers = base_subject(decode_words(fields.get(b"subject", b"")[:_READ])[:_SUBJECT])
    subject = fold(subject)
    sender, to, cc = (_first(fields, name) for name in (b"from", b"to", b"cc"))
    ancestors = _ids(fields.get(b"references", b""))[-_ANCESTORS:] or _ids(fields.get(b"in-reply-to", b""))[:1]
    own = _ids(fields.get(b"message-id", b""))[:1]
    return SortKeys(
        subject,
        _mailbox(sender),
        _mailbox(to),
        _mailbox(cc),
        _shown(sender),
        _shown(to),
        pack_thread(subject, answers, own[0] if own else b"", ancestors),
    )


def pack_thread(subject: str, answers: bool, own: bytes, ancestors: list[bytes]) -> bytes:
    """Little-endian u64: the base subject's hash, whose lowest bit tells a reply or forward (0 and that bit for an
    empty one); the hash of the message's own id, 0 for none; those of its ancestors, the parent last."""
    about = (_hash(subject.encode("utf-8", "replace")) & ~1 if subject else 0) | answers
    numbers = (about, _hash(own) if own else 0, *map(_hash, ancestors))
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def _hash(octets: bytes) -> int:
    return int.from_bytes(blake2b(octets, digest_size=8).digest(), "little")


def _ids(value: bytes) -> list[bytes]:
    """Message ids, without the quoting in which equal ones may differ."""
    found = _ID.findall(value[:_READ]) if value else []
    return [_QUOTING.sub(b"", each) for each in found]


def _first(fields: Mapping[bytes, bytes], name: bytes) -> Mailbox | None:
    value = fields.get(name)
    return next(parse_addresses(value[:_READ]), None) if value else None


def _mailbox(address: Mailbox | None) -> str:
    return fold(decode(address.local[:_KEPT], "us-ascii")) if address is not None and address.local else ""


def _shown(address: Mailbox | None) -> str:
    """The name, else the address (RFC 5957 section 3)."""
    if address is None or not address.local:
        return ""
    name = decode_words(address.name).strip() if address.name else ""
    if not name:
        local, domain = address.local, address.domain
        name = decode(local + b"@" + domain if domain else local, "us-ascii")
    return fold(name[:_KEPT])
