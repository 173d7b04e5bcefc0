"""What the directory wants of addresses beyond their canonical form (`shared.mail.address`)."""

from __future__ import annotations

import unicodedata

from shared.mail import address as mail

_SPECIAL = frozenset('()<>[]:;@\\,"')


def fit_for_account(address: str) -> bool:
    """Whether an account may be called this (in canonical form): plain characters, and one script.

    Lookalikes of other scripts mixed into a name are how one user is mistaken for another.
    """
    local = address.rpartition("@")[0]
    if any(letter in _SPECIAL or letter.isspace() for letter in local):
        return False
    scripts = {unicodedata.name(letter, "?").split(" ")[0] for letter in local if letter.isalpha()}
    return len(scripts) <= 1


def split_detail(address: str, separator: str) -> tuple[str, str]:
    """``user+detail@domain`` -> ``user@domain``, ``detail`` (RFC 5233); no detail: the address itself and ""."""
    local, _, domain = address.rpartition("@")
    user, detail = mail.split_detail(local, separator) if separator else (local, "")
    return f"{user}@{domain}", detail
