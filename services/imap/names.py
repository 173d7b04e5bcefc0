"""Mailbox names between clients and storage, which joins levels by "/" whatever separator we show. Pure."""

from __future__ import annotations

from unicodedata import normalize

from services.imap.errors import No


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
            name = name.replace(self.separator, "/")
        if not name.isascii():
            name = normalize("NFC", name)
        return "INBOX" + name[5:] if name[:6].upper() == "INBOX/" else name

    def fresh(self, name: str) -> str:
        """A name that a mailbox is to get.

        None with wildcards, which LIST could not tell from a pattern, and none that begins with "#", which stands
        for namespaces (RFC 3501 section 5.1.2).
        """
        if "*" in name or "%" in name or name.startswith("#"):
            raise No("No mailbox can have this name", "CANNOT")
        return self.inward(name).removesuffix("/")

    def outward(self, name: str) -> str:
        """A name of storage as clients see it."""
        return name if self.separator == "/" else name.replace("/", self.separator)
