"""Who reads what is written to the postmaster. He is always somebody (RFC 5321 section 4.5.1).

Mail to ``<postmaster>`` alone is for the postmaster of the first domain that was added. Where nobody has a domain's
``postmaster@``, neither as an alias nor as an account nor by a catch-all, the postmaster of the house reads it: the
one whom the settings name, else the first domain's, else an administrator, else the account that was made first.
To read this mail gives no right to send under that address.
"""

from __future__ import annotations

from typing import NamedTuple

from services.storage.rules.addresses import split_detail

POSTMASTER = "postmaster"


class Appointed(NamedTuple):
    """Whom the settings name, in canonical form; "" for nobody."""

    postmaster: str = ""
    administrators: tuple[str, ...] = ()


NOBODY = Appointed()


def is_postmaster(address: str, separator: str) -> bool:
    """Whether ``address``, any text, is a postmaster's: with a domain or without, with a detail or without."""
    local, at, _ = address.rpartition("@")
    base, _ = split_detail(f"{local if at else address}@", separator)
    return base[:-1].lower() == POSTMASTER


def candidates(appointed: Appointed, first_domain: str, first_account: str) -> tuple[str, ...]:
    """The addresses of whom may be the postmaster of the house; the first one that ends somewhere is. "" for none."""
    of_first_domain = f"{POSTMASTER}@{first_domain}" if first_domain else ""
    ranked = (appointed.postmaster, of_first_domain, *appointed.administrators, first_account)
    return tuple([address for address in ranked if address])
