"""What one session asked to be notified of, and telling it (RFC 5465).

A notice only marks where to look. What is told is the difference between the state that the client was told last and
the one that storage answers with, so lost, doubled and late notices change nothing but the time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

from services.imap.commands import status
from services.imap.context import AccountContext, MailboxContext
from services.imap.errors import No
from services.imap.fetching.plan import plan
from services.imap.fetching.send import send
from services.imap.notify.choice import Choice
from services.imap.notify.metadata import MetadataNews
from services.imap.notify.naming import Told, differences
from services.imap.notify.watches import Watches
from services.imap.rights import confirm
from services.imap.telling import tell
from shared.contracts import mailboxes
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.mailboxes import ListRequest, Mailbox, State, StatusRequest
from shared.protocols.imap import responses
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.notify import Event, Group, Where

_REMOVING = frozenset({"EXPUNGE", "MOVE", "REPLACE"})


class Registration:
    """The groups of the last NOTIFY of a session. Without groups (NONE) it is told nothing of its own accord."""

    def __init__(self, context: AccountContext, watches: Watches, groups: Sequence[Group]) -> None:
        self._context = context
        self._watches = watches
        self._selected = next((group for group in groups if group.selected and group.events), None)
        self._choice = Choice(groups)
        self._metadata = MetadataNews(context, watches)
        self._listing: Sequence[Mailbox] = ()
        self._watched: Mapping[str, frozenset[Event]] = {}
        self._told: dict[int, State] = {}  # of each watched mailbox, by id
        self._names: dict[int, str] = {}
        self._marked: dict[int, bool] = {}  # mailboxes to look at; True unless we only changed them ourselves
        self._list_marked: bool | None = None  # likewise, None for no need
        self._here: MailboxContext | None = None  # selected, and told of messages up to this UID
        self._upto = 0
        self._made: set[int] = set()  # of those behind it, what the client put there itself

    # --- begin and end ---

    async def begin(self, *, tell_status: bool) -> None:
        """Learn how things are, and with ``tell_status`` tell it. Raises `No` where that is too much to watch."""
        if self._choice.empty:
            return
        self._watches.watch_list(self, self._context.account)
        try:
            await self._watch(await self._list())
        except BaseException:
            self.end()
            raise
        for denied in self._choice.denied(self._listing):
            self._write_name(Told(denied.name, ("\\NoAccess",)))
        if tell_status:
            selected = self._context.selected
            for mailbox in self._told:
                if selected is None or mailbox != selected.live.mailbox:
                    self._write(mailbox, _first_items(self._watched[self._names[mailbox]]))

    def end(self) -> None:
        """Hear nothing any more."""
        self._metadata.watch({})
        self._watches.forget_list(self, self._context.account)
        self._watches.forget_mailboxes(self, self._names)

    # --- marks, set by `Watches` at any time ---

    def mailbox_changed(self, mailbox: int, author: str) -> None:
        """Something happened in a watched mailbox."""
        self._marked[mailbox] = self._marked.get(mailbox, False) or author != self._context.id
        self._context.talk.bell.ring()

    def list_changed(self, author: str) -> None:
        """The names of the account changed."""
        self._list_marked = bool(self._list_marked) or author != self._context.id
        self._context.talk.bell.ring()

    def look_again(self) -> None:
        """Notices may have been lost."""
        self._list_marked = True
        self._marked.update(dict.fromkeys(self._told, True))
        self._context.talk.bell.ring()

    def made(self, mailbox: int, uids: Iterable[int]) -> None:
        """The client put messages there itself: their items are not told (section 5.2)."""
        selected = self._context.selected
        if self._selected is not None and selected is not None and selected.live.mailbox == mailbox:
            self._made.update(uids)

    # --- telling, by the session's own task ---

    async def tell_between_commands(self) -> None:
        """Tell all that is new while the client waits for nothing."""
        if self._context.selected is not None:
            await confirm(self._context.selected)
        delayed = self._selected is not None and self._selected.where is Where.SELECTED_DELAYED
        await self.tell(expunges=not delayed)

    async def tell(self, *, expunges: bool, command: str = "") -> None:
        """Tell all that is new; ``command``: the one that is about to be answered."""
        try:
            if self._context.selected is not None:
                await self._tell_selected(self._context.selected, expunges=expunges, removes=command in _REMOVING)
            if self._list_marked is not None:
                await self._tell_list()
            if self._marked:
                await self._tell_messages()
            await self._metadata.tell()
        except (No, Refused, Unavailable):
            return  # the marks stay for the next look; an item that cannot be told is left out

    async def _tell_selected(self, mailbox: MailboxContext, *, expunges: bool, removes: bool) -> None:
        wanted, snapshot = self._selected, mailbox.snapshot
        if wanted is None:
            if removes:
                await tell(mailbox, expunges=True)
            return
        if self._here is not mailbox:
            self._here, self._upto = mailbox, snapshot.last_uid
            self._made.clear()
        await tell(mailbox, expunges=expunges, uid=True, flags=Event.FLAGS in wanted.events)
        first, self._upto = self._upto + 1, snapshot.last_uid
        if wanted.items and first <= snapshot.last_uid:
            uids = snapshot.uids_in(SequenceSet(((first, snapshot.last_uid),)))
            uids = array("I", [uid for uid in uids if uid not in self._made])
            self._made.clear()
            if uids:
                await send(mailbox, uids, plan(wanted.items, uid=True, modseq=self._context.dialect.modseqs))

    async def _tell_list(self) -> None:
        aloud, self._list_marked = self._list_marked, None  # before asking: what changes behind the answer rings anew
        try:
            before, after = self._listing, await self._list()
        except (Refused, Unavailable):
            self._list_marked = bool(self._list_marked) or aloud
            raise
        if aloud:
            self._tell_names(before, after)
        try:
            await self._watch(after)
        except No:
            self._overflow()

    async def _tell_messages(self) -> None:
        marked, self._marked = self._marked, {}
        selected = self._context.selected
        here = selected.live.mailbox if selected is not None else 0
        try:
            fresh = await self._states([mailbox for mailbox in marked if mailbox in self._told and mailbox != here])
        except (Refused, Unavailable):
            for mailbox, aloud in self._marked.items():
                marked[mailbox] = marked.get(mailbox, False) or aloud
            self._marked = marked
            raise
        for mailbox, state in fresh.items():
            was, self._told[mailbox] = self._told[mailbox], state
            if marked[mailbox]:
                events = self._watched[self._names[mailbox]]
                self._write(mailbox, _changed_items(events, was, state, modseqs=self._context.dialect.modseqs))

    def _tell_names(self, before: Sequence[Mailbox], after: Sequence[Mailbox]) -> None:
        for told in differences(before, after, self._choice):
            self._write_name(told)

    def _write_name(self, told: Told) -> None:
        names = self._context.names
        self._context.talk.out.write(
            responses.listed(
                told.attributes,
                names.separator,
                names.outward(told.name),
                utf8=self._context.dialect.utf8,
                old_name=names.outward(told.old_name),
            )
        )

    def _write(self, mailbox: int, items: Iterable[str]) -> None:
        wanted = tuple(dict.fromkeys(items))
        if wanted:
            name = self._context.names.outward(self._names[mailbox])
            line = status.line(self._context, name, self._told[mailbox], wanted)
            self._context.talk.out.write(line)

    def _overflow(self) -> None:
        """More than we are willing to watch: from now on it is as after NOTIFY NONE (section 5.8)."""
        self.end()
        self._selected, self._choice = None, Choice(())
        self._watched, self._told, self._names = {}, {}, {}
        self._context.talk.out.write(responses.untagged("OK", "Too many mailboxes", b"NOTIFICATIONOVERFLOW"))

    # --- asking ---

    async def _list(self) -> Sequence[Mailbox]:
        return (await self._context.call(mailboxes.listing, ListRequest(self._context.grant))).mailboxes

    async def _watch(self, listing: Sequence[Mailbox]) -> None:
        """Watch what the groups mean now; what is new among it is as it is."""
        watched = self._choice.watched(listing)
        annotated = self._choice.annotated(listing)
        if max(len(watched), len(annotated)) > self._context.settings.notify_mailboxes:
            raise No("Too many mailboxes", "NOTIFICATIONOVERFLOW")
        names = {mailbox.id: mailbox.name for mailbox in listing if mailbox.name in watched}
        self._watches.watch_mailboxes(self, names.keys() - self._names.keys())
        self._watches.forget_mailboxes(self, self._names.keys() - names.keys())
        self._metadata.watch(annotated)
        self._listing, self._watched, self._names = listing, watched, names
        self._told = {mailbox: state for mailbox, state in self._told.items() if mailbox in names}
        self._told.update(await self._states([mailbox for mailbox in names if mailbox not in self._told]))

    async def _states(self, wanted: Sequence[int]) -> dict[int, State]:
        """The states of mailboxes by id, of those that are there."""
        if not wanted:
            return {}
        names = tuple(self._names[mailbox] for mailbox in wanted)
        reply = await self._context.call(mailboxes.status, StatusRequest(self._context.grant, names))
        return {state.mailbox: state for state in reply.states if state.found and state.mailbox in self._names}


def _first_items(events: frozenset[Event]) -> list[str]:
    """What STATUS in NOTIFY SET tells (section 3.1)."""
    items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"] if Event.NEW in events else []
    return [*items, "UIDVALIDITY", "HIGHESTMODSEQ"] if Event.FLAGS in events else items


def _changed_items(events: frozenset[Event], was: State, now: State, *, modseqs: bool) -> list[str]:
    """What STATUS tells of a mailbox that changed (sections 5.1 to 5.3)."""
    items: list[str] = []
    if (was.messages, was.uidnext) != (now.messages, now.uidnext):
        items += ("UIDNEXT", "MESSAGES", "HIGHESTMODSEQ") if modseqs else ("UIDNEXT", "MESSAGES")
    if Event.FLAGS in events:
        if modseqs and was.modseq != now.modseq:
            items += ("HIGHESTMODSEQ", "UIDVALIDITY")
        if was.unseen != now.unseen:
            items += ("UIDVALIDITY", "UNSEEN")
        if was.uidvalidity != now.uidvalidity:
            items.append("UIDVALIDITY")
    return items
