"""`messages.store`: flags of messages, set-based (RFC 3501 section 6.4.6, RFC 7162 section 3.1.3).

Four statements a batch. What each distinct set of flags becomes is worked out once; a message whose flags stay as
they are keeps its modseq.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from services.storage.handlers import imap_causes
from services.storage.handlers.imap_causes import Doer, Reflagged
from services.storage.handlers.notices import ViewRow, tell
from services.storage.repositories import messages
from services.storage.repositories.access import Access
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.rules import flags
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.rules.rights import FLAGGING, replacing, settable
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.acl import RIGHTS
from shared.contracts.changes import Change
from shared.contracts.errors import Code, Refused
from shared.contracts.messages import Mode, Store, Stored


class Wish(NamedTuple):
    """One STORE, checked."""

    state: MailboxState
    uids: list[int]
    mode: Mode
    flags: flags.Flags
    unchanged_since: int | None
    author: str
    rights: str
    doer: Doer | None = None  # None where no script is to see it


def store(flagsets: FlagSets, work: UnitOfWork, asked: Sequence[Asked[Store]]) -> list[Stored | Refused]:
    """Each request sees what those before it did."""
    ledger = Ledger(work.connection)
    ledger.load([each.request.mailbox for each in asked])
    access = Access(ledger)
    wishes = [_wish(access, each) for each in asked]
    storing = Storing(flagsets, work, [wish for wish in wishes if isinstance(wish, Wish)])
    answers = [wish if isinstance(wish, Refused) else storing.apply(wish) for wish in wishes]
    storing.save()
    ledger.save()
    return answers


def _wish(access: Access, asked: Asked[Store]) -> Wish | Refused:
    """Refused where none of the flags may be changed; else those that may not stay as they are (RFC 4314)."""
    request = asked.request
    state = access.by_id(request.mailbox, asked.account, "r")
    if isinstance(state, Refused):
        return state
    held = access.rights(state, asked.account)
    try:
        given = flags.canonical(request.flags)
        uids = unpack_uids(request.uids)
    except flags.BadFlag as error:
        return Refused(Code.CANNOT, str(error))
    except Refused as refused:
        return refused
    allowed = settable(given, held)
    if FLAGGING.isdisjoint(held) or (given and not allowed):
        return Refused(Code.NO_RIGHT, "may change none of these flags")
    since = request.unchanged_since
    return Wish(state, uids, request.mode, allowed, since, asked.session, held, Doer(asked.account, asked.trace))


class Storing:
    """The message rows that one batch of wishes touches: ``rows`` by mailbox and UID, or what is picked here."""

    def __init__(
        self,
        flagsets: FlagSets,
        work: UnitOfWork,
        wishes: Sequence[Wish],
        rows: dict[int, dict[int, ViewRow]] | None = None,
    ) -> None:
        self.flagsets = flagsets
        self.work = work
        self.changed: dict[tuple[int, int], int] = {}  # modseq by (mailbox, uid)
        self.reflagged: list[Reflagged] = []  # where scripts watch over mailboxes
        self.rows = self._pick(wishes) if rows is None else rows

    def _pick(self, wishes: Sequence[Wish]) -> dict[int, dict[int, ViewRow]]:
        wanted: dict[int, list[int]] = {}
        for wish in wishes:
            known = wanted.get(wish.state.id)
            wanted[wish.state.id] = wish.uids if known is None else sorted({*known, *wish.uids})
        rows: dict[int, dict[int, ViewRow]] = {number: {} for number in wanted}
        for number, *row in messages.VIEW.pick(self.work.connection, wanted):
            rows[number][row[0]] = (row[0], row[1], row[2], row[3], row[4])
        return rows

    def apply(self, wish: Wish) -> Stored | Refused:
        """Change the rows in memory; `save` writes them."""
        rows = self.rows[wish.state.id]
        there = [rows[uid] for uid in wish.uids if uid in rows]
        since = wish.unchanged_since
        modified = [] if since is None else [row[0] for row in there if row[1] > since]
        if modified:
            there = [row for row in there if row[1] <= (since or 0)]
        try:
            becomes = self._becomes(wish, {row[2] for row in there})
        except flags.BadFlag as error:
            return Refused(Code.LIMIT, str(error))
        change = self._change(wish, [row for row in there if row[2] in becomes], becomes)
        return Stored(change, pack_u32(modified))

    def _becomes(self, wish: Wish, numbers: set[int]) -> dict[int, tuple[int, int, int]]:
        """Those sets that change: old number to new number, old bits, new bits."""
        becomes = {}
        for number, old in self.flagsets.flags(self.work.connection, numbers).items():
            given = replacing(old, wish.mode, wish.flags, wish.rights)
            new = flags.combine(old, wish.mode, given)
            if new != old:
                new_number = self.flagsets.number(self.work.connection, new)
                becomes[number] = (new_number, flags.bits_of(old), flags.bits_of(new))
        return becomes

    def _change(self, wish: Wish, before: list[ViewRow], becomes: dict[int, tuple[int, int, int]]) -> Change:
        state, rows = wish.state, self.rows[wish.state.id]
        previous = state.modseq
        modseq = state.advance() if before else previous
        after: list[ViewRow] = []
        for uid, _, flagset, size, date in before:
            number, old_bits, new_bits = becomes[flagset]
            state.reflag(old_bits, new_bits)
            rows[uid] = row = (uid, modseq, number, size, date)
            self.changed[state.id, uid] = modseq
            after.append(row)
            if state.script is not None and wish.doer is not None:
                self.reflagged.append(Reflagged(state, wish.doer, uid, flagset, number))
        return tell(self.work, self.flagsets, state.step(previous), rows=after, author=wish.author)

    def save(self) -> None:
        """Write what changed."""
        messages.reflag(
            self.work.connection,
            [(number, uid, self.rows[number][uid][2], modseq) for (number, uid), modseq in self.changed.items()],
        )
        imap_causes.reflagged(self.work, self.flagsets, self.reflagged)


def mark_seen(
    flagsets: FlagSets, work: UnitOfWork, ledger: Ledger, wanted: Sequence[tuple[MailboxState, ViewRow, Asked[Any]]]
) -> list[Change | None]:
    """Set \\Seen on one message of each mailbox, for a FETCH without PEEK; None where it was set."""
    wishes = [
        Wish(state, [row[0]], Mode.ADD, ("\\Seen",), None, by.session, RIGHTS, Doer(by.account, by.trace))
        for state, row, by in wanted
    ]
    rows: dict[int, dict[int, ViewRow]] = {}
    for state, row, _ in wanted:
        rows.setdefault(state.id, {})[row[0]] = row
    storing = Storing(flagsets, work, wishes, rows)
    answers = [storing.apply(wish) for wish in wishes]
    storing.save()
    ledger.save()
    return [each.change if isinstance(each, Stored) and each.change.rows.uids else None for each in answers]
