"""Telling a session that annotations changed (RFC 5465 sections 5.6 and 5.7)."""

from __future__ import annotations

from collections.abc import Mapping

from services.imap.annotating import look_up
from services.imap.context import AccountContext
from services.imap.notify.watches import Watches
from shared.contracts.metadata import ALL, MetadataChange
from shared.protocols.imap import responses

_EVERYTHING = ("/private", "/shared")


class MetadataNews:
    """Which entries of watched mailboxes, and of the server (0), changed since the session was told.

    Notices name them. Where some may have been lost, all entries that are set are told instead.
    """

    def __init__(self, context: AccountContext, watches: Watches) -> None:
        self._context = context
        self._watches = watches
        self._names: Mapping[int, str] = {}
        self._changed: dict[int, dict[str, None]] = {}
        self._missed: set[int] = set()

    def watch(self, names: Mapping[int, str]) -> None:
        """From now on these and no others: names of storage by mailbox, "" under 0."""
        self._watches.watch_metadata(self, names.keys() - self._names.keys())
        self._watches.forget_metadata(self, self._names.keys() - names.keys())
        self._names = names
        self._missed &= names.keys()

    def metadata_changed(self, change: MetadataChange) -> None:
        """A notice; those of other users' own entries, and of what this session did, are not for us."""
        if change.author != self._context.id and change.account in (0, self._context.account):
            self._changed.setdefault(change.mailbox, {}).update(dict.fromkeys(change.names))
            self._context.talk.bell.ring()

    def look_again(self) -> None:
        """Notices may have been lost."""
        self._missed.update(self._names)
        self._context.talk.bell.ring()

    async def tell(self) -> None:
        """Tell all that is new. Raises `Refused` and `Unavailable`, with nothing forgotten."""
        if self._missed:
            missed = sorted(self._missed)
            found = await look_up(self._context, [self._names[mailbox] for mailbox in missed], _EVERYTHING, ALL)
            for mailbox, annotated in zip(missed, found, strict=False):
                self._changed.setdefault(mailbox, {}).update(
                    dict.fromkeys(each.name for each in annotated.annotations)
                )
            self._missed.clear()
        changed, self._changed = self._changed, {}
        for mailbox, entries in changed.items():
            if entries and mailbox in self._names:
                name = self._context.names.outward(self._names[mailbox])
                told = responses.metadata_changed(name, entries, utf8=self._context.dialect.utf8)
                self._context.talk.out.write(told)
