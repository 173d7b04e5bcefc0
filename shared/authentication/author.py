"""The one domain in From that a verdict can be about (RFC 5322 section 3.6.2, RFC 9989 section 4.5).

What programs read differently is no author: a message with two From fields, several addresses, a field before the
first name. Reading on where others would stop is how forged mail gets a "pass".
"""

from __future__ import annotations

import re

from shared.authentication.dkim.header import HeaderFields
from shared.base.errors import EilpostError
from shared.mail.address import AddressError, canonical_domain
from shared.mail.address_list import parse_addresses

_LARGEST = 64 * 1024  # octets of the field
_HIDDEN = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_COMMENT = re.compile(rb"\((?:[^()\\]|\\.)*\)", re.DOTALL)
_NESTED = 20  # comments inside one another
_ONE = re.compile(
    rb"[^<>,;:@]*\Z|[^<>,;:]*<(?:@[^<>;:]*:)?[^<>,;:@]*@[^<>,;:@]*>\s*\Z|\s*[^<>,;:@\s]*@[^<>,;:@\s]*\s*\Z"
)


class NoAuthor(EilpostError):
    """From does not name exactly one author; the text says why."""


def author_domain(header: HeaderFields) -> str:
    """The author's domain in lower case A-labels; "" for an address literal. Raises `NoAuthor`."""
    found = header.named(b"from")
    if len(found) != 1:
        raise NoAuthor("there is no From field" if not found else f"there are {len(found)} From fields")
    value = found[0].value
    if len(value) > _LARGEST:
        raise NoAuthor("From is too long")
    if not _ONE.match(_plain(value)):
        raise NoAuthor("From is ambiguous")
    mailboxes = list(parse_addresses(value))
    if len(mailboxes) != 1 or not mailboxes[0].domain or not mailboxes[0].local:
        raise NoAuthor("From names not exactly one address")
    domain = mailboxes[0].domain
    if domain.startswith(b"["):
        return ""
    try:
        return canonical_domain(domain.decode("utf-8"))
    except (AddressError, UnicodeDecodeError) as error:
        raise NoAuthor("From names no domain") from error


def _plain(value: bytes) -> bytes:
    """The field without what may hold anything: quoted strings stand as one letter, comments as a blank."""
    if b'"' in value:
        value = _HIDDEN.sub(b"q", value)
    for _ in range(_NESTED if b"(" in value else 0):
        value, count = _COMMENT.subn(b" ", value)
        if not count:
            break
    return value
