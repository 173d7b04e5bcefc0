"""Mailbox names between clients and storage, which joins levels by "/" whatever separator we show. Pure.

Where "." separates levels, the dots in the name of another user are shown as "^".
"""

from __future__ import annotations

from unicodedata import normalize

from services.imap.errors import No
from shared.contracts.mailboxes import OTHERS, SHARED


class Names:
    """Translates for one separator, "/" or "."."""

    __slots__ = ("separator",)

    def __init__(self, separator: str) -> None:
        self.separator = separator

    def inward(self, name: str) -> str:
        """A client's name as storage knows it, in NFC (RFC 9051 section 5.1); `No` for one that none can have."""
        if self.separator != "/":
            if "/" in name:
                raise No('A mailbox name cannot contain "/"', "CANNOT")
            name = _with_user(name.replace(self.separator, "/"), "^", ".")
        if not name.isascii():
            name = normalize("NFC", name)
        return "INBOX" + name[5:] if name[:6].upper() == "INBOX/" else name

    def fresh(self, name: str) -> str:
        """A name that a mailbox is to get.

        None with wildcards, which LIST could not tell from a pattern, and none that begins with "#", which stands
        for namespaces (RFC 3501 section 5.1.2), unless it is in one of ours.
        """
        strange = name.startswith("#") and not name.startswith((self.others, self.shared))
        if strange or "*" in name or "%" in name:
            raise No("No mailbox can have this name", "CANNOT")
        return self.inward(name).removesuffix("/")

    def outward(self, name: str) -> str:
        """A name of storage as clients see it."""
        return name if self.separator == "/" else _with_user(name, ".", "^").replace("/", self.separator)

    @property
    def others(self) -> str:
        """What the names of other users' mailboxes begin with."""
        return OTHERS + self.separator

    @property
    def shared(self) -> str:
        """What the names of a domain's common mailboxes begin with."""
        return SHARED + self.separator


def _with_user(name: str, old: str, new: str) -> str:
    """``name`` with a character replaced in the level that says which other user is meant."""
    space, slash, rest = name.partition("/")
    if space != OTHERS or old not in rest:
        return name
    who, below, inner = rest.partition("/")
    return f"{space}{slash}{who.replace(old, new)}{below}{inner}"
