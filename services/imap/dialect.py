"""What a client switched on for the rest of its session, by ENABLE or by asking for it (RFC 5161)."""

from __future__ import annotations


class Dialect:
    """Everything is off at login, and what is on stays on."""

    __slots__ = ("enabled", "modseqs", "rev2", "uid_only", "utf8", "utf8_headers", "vanished")

    def __init__(self) -> None:
        self.enabled: frozenset[str] = frozenset()  # by name, through ENABLE
        self.modseqs = False  # flags are told with UID and MODSEQ (RFC 7162 section 3.2.4)
        self.rev2 = False  # IMAP4rev2 (RFC 9051)
        self.uid_only = False  # message numbers are neither told nor taken (RFC 9586)
        self.utf8 = False  # mailbox names are told in UTF-8, and headers may hold it
        self.utf8_headers = False  # UTF8=ACCEPT: SEARCH names no charset (RFC 6855 section 3)
        self.vanished = False  # VANISHED is told where EXPUNGE was (RFC 7162 section 3.2.10)

    @property
    def uids(self) -> bool:
        """Whether flags are never told without the UID."""
        return self.modseqs or self.rev2
