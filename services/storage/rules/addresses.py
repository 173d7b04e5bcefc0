"""Addresses in the form in which the directory holds them.

Canonical: local part in lower case and NFC, quotes removed where they are not needed; domain as lower-case A-labels
(RFC 5890). Two spellings of one address are equal in this form.
"""

from __future__ import annotations

import unicodedata

import idna

from shared.base.errors import EilpostError

MAX_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1.1
MAX_DOMAIN = 255
_SPECIAL = frozenset('()<>[]:;@\\,"')


class BadAddress(EilpostError):
    """This is no address that could be ours."""


def canonical(address: str) -> str:
    """``address`` in canonical form, or `BadAddress`."""
    local, at, domain = address.rpartition("@")
    if not at:
        raise BadAddress("an address has an @")
    return f"{canonical_local(local)}@{canonical_domain(domain)}"


def canonical_local(local: str) -> str:
    """The part before the @."""
    if len(local) >= 2 and local[0] == local[-1] == '"':
        local = local[1:-1].replace("\\", "")
    text = unicodedata.normalize("NFC", local).lower()
    if not text or len(text.encode("utf-8", "surrogatepass")) > MAX_LOCAL:
        raise BadAddress("the local part is empty or too long")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in text):
        raise BadAddress("the local part holds invisible characters")
    return text


def canonical_domain(domain: str) -> str:
    """The part behind the @. A dot at its end is dropped."""
    text = domain.removesuffix(".").lower()
    if text.isascii() and text.replace("-", "").replace(".", "").replace("_", "").isalnum():
        labels = text.split(".")
        if len(text) <= MAX_DOMAIN and all(0 < len(label) <= 63 for label in labels):
            return text
        raise BadAddress("not a domain")
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise BadAddress("not a domain") from error


def fit_for_account(address: str) -> bool:
    """Whether an account may be called this (in canonical form): plain characters, and one script.

    Lookalikes of other scripts mixed into a name are how one user is mistaken for another.
    """
    local = address.rpartition("@")[0]
    if any(letter in _SPECIAL or letter.isspace() for letter in local):
        return False
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    scripts = {unicodedata.name(letter, "?").split(" ")[0] for letter in local if letter.isalpha()}
    return len(scripts) <= 1


def split_detail(address: str, separator: str) -> tuple[str, str]:
    """``user+detail@domain`` -> ``user@domain``, ``detail`` (RFC 5233); no detail: the address itself and ""."""
    local, _, domain = address.rpartition("@")
    user, found, detail = local.partition(separator) if separator else (local, "", "")
    if not found or not user:
        return address, ""
    return f"{user}@{domain}", detail
