"""Who may do what in which mailbox, as one transaction sees it.

Invariant: the owner holds all rights; everybody else what `repositories.rights` finds, and nobody learns of a mailbox
that he may not look up.
"""

from __future__ import annotations

from services.storage.repositories import rights
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.places import Place
from shared.contracts.acl import RIGHTS
from shared.contracts.errors import Code, Refused

UNKNOWN = "no such mailbox"


class Access:
    """Judges by the ledger's mailboxes; what is asked about was loaded before."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._known: dict[tuple[int, int], str] = {}

    def rights(self, state: MailboxState, asker: int) -> str:
        """What an account may do in a mailbox."""
        if state.account.id == asker:
            return RIGHTS
        known = self._known.get((state.id, asker))
        if known is None:
            known = self._known[state.id, asker] = rights.mine(self.ledger.connection, state.id, asker)
        return known

    def by_id(self, mailbox: int, asker: int, right: str) -> MailboxState | Refused:
        """A mailbox that was opened before, where the asker still holds ``right``."""
        state = self.ledger.mailboxes.get(mailbox)
        if state is None:
            return Refused(Code.NOT_FOUND, UNKNOWN)
        if right in self.rights(state, asker):
            return state
        return Refused(Code.NO_RIGHT, f"lacks {right}")

    def by_place(self, place: Place, asker: int, right: str) -> MailboxState | Refused:
        """A mailbox by its name, where the asker holds ``right``."""
        state = self.ledger.names.get(place)
        if state is None:
            return Refused(Code.NOT_FOUND, UNKNOWN)
        held = self.rights(state, asker)
        if right in held:
            return state
        return Refused(Code.NO_RIGHT, f"lacks {right}") if "l" in held else Refused(Code.NOT_FOUND, UNKNOWN)
