"""Addresses as names of somebody: taken apart, and in the one form under which storage knows them.

Canonical is: local part in lower case and NFC without needless quotes, domain in lower-case A-labels (RFC 5890).
Two spellings of an address are equal exactly when their canonical forms are. Paths of SMTP commands are read in
`shared.protocols.smtp`; what header fields hold in `shared.mail.address_list`.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from shared.base.errors import EilpostError

MAX_LOCAL = 64  # octets (RFC 5321 section 4.5.3.1)
MAX_DOMAIN = 255
MAX_ADDRESS = 254

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_LABELS = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class AddressError(EilpostError):
    """This is no address; the text says why."""


class Address(NamedTuple):
    """A canonical address. ``local`` is without quotes; the domain may be a literal, ``[192.0.2.1]``."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{quote_local(self.local)}@{self.domain}"


def parse_address(text: str) -> Address:
    """The canonical parts of ``local@domain`` (no angle brackets, no display name). Raises `AddressError`."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise AddressError("an address is local@domain")
    if len(text.encode("utf-8", "replace")) > MAX_ADDRESS:
        raise AddressError(f"longer than {MAX_ADDRESS} octets")
    return Address(canonical_local(local), canonical_domain(domain))


def canonical(text: str) -> str:
    """``text`` in the form under which storage knows it. Raises `AddressError`."""
    return str(parse_address(text))


def canonical_local(text: str) -> str:
    """A local part, quoted or not, in its canonical form without quotes. Raises `AddressError`."""
    if text.startswith('"'):
        if len(text) < 2 or not text.endswith('"'):
            raise AddressError("the quote of the local part does not end")
        text = _ESCAPED.sub(r"\1", text[1:-1])
    elif not _is_dot_atom(text):
        raise AddressError("the local part needs quotes")
    if not text.isascii():
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    else:
        text = text.lower()
    if not text or not _is_harmless(text):
        raise AddressError("the local part holds characters that may not stand there")
    if len(text.encode("utf-8", "replace")) > MAX_LOCAL:
        raise AddressError(f"the local part is longer than {MAX_LOCAL} octets")
    return text


def canonical_domain(text: str) -> str:
    """A domain in lower-case A-labels without a final dot, or a literal in lower case. Raises `AddressError`."""
    if text.startswith("["):
        return _literal(text)
    text = text.removesuffix(".")
    if not text.isascii():
        text = _a_labels(text)
    text = text.lower()
    if len(text) > MAX_DOMAIN or not _LABELS.match(text):
        raise AddressError("this is no domain")
    return text


def split_detail(local: str, separator: str = "+") -> tuple[str, str]:
    """A local part in user and detail (RFC 5233): ``ann+lists`` is ("ann", "lists")."""
    user, found, detail = local.partition(separator)
    return (user, detail) if found and user else (local, "")


def quote_local(local: str) -> str:
    """A local part as it stands in an address: in quotes only when it must be."""
    if _is_dot_atom(local):
        return local
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_dot_atom(text: str) -> bool:
    """Whether ``text`` is a Dot-string of RFC 5321, non-ASCII letters allowed (RFC 6531 section 3.3)."""
    if not text.isascii():
        text = "".join("x" if ord(letter) > 127 else letter for letter in text)
    return _ATOM.match(text) is not None


def _is_harmless(text: str) -> bool:
    """No controls, no lone surrogates, nothing that turns the reading direction (RFC 6532, UTS 39)."""
    if text.isascii():
        return text.isprintable()
    return not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for letter in text)


def _literal(text: str) -> str:
    """Of an IP address, as it stands in SMTP (RFC 5321 section 4.1.3): nothing that would have to be looked up."""
    inside = text.lower()[1:-1]
    try:
        if not text.endswith("]") or "%" in inside:
            raise ValueError(text)
        if inside.startswith("ipv6:"):
            IPv6Address(inside.removeprefix("ipv6:"))
        else:
            IPv4Address(inside)
    except ValueError as error:
        raise AddressError("this is no address literal") from error
    return f"[{inside}]"


def _a_labels(text: str) -> str:
    import idna  # its tables cost memory that a process without such domains need not spend

    try:
        return idna.encode(unicodedata.normalize("NFC", text), uts46=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressError("this is no domain") from error
