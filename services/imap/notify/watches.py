"""What NOTIFY sessions of this process listen to, each subject of the bus once.

Notices are doorbells here: they say where to look. What is lost is found by a look at everything now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

import trio

from shared.bus.client import Bus, Subscription
from shared.contracts.changes import Change, ListChange, list_changed, mailbox_changed
from shared.contracts.metadata import MetadataChange, metadata_changed
from shared.contracts.op import Event

_GRACE = 0.5  # seconds for a notice that the answer of the lookout has overtaken: it says whose change it was

P = TypeVar("P")
W = TypeVar("W", bound="MetadataWatcher | Watcher")


class Watcher(Protocol):
    """A session that asked to be notified."""

    def mailbox_changed(self, mailbox: int, author: str) -> None: ...

    def list_changed(self, author: str) -> None: ...

    def look_again(self) -> None: ...


class MetadataWatcher(Protocol):
    """... of annotations."""

    def metadata_changed(self, change: MetadataChange) -> None: ...

    def look_again(self) -> None: ...


class _Watch(Generic[W]):
    """One subscription and who shares it."""

    __slots__ = ("modseq", "subscription", "watchers")

    def __init__(self) -> None:
        self.modseq = 0  # of the mailbox, as far as the watchers were told
        self.watchers: set[W] = set()
        self.subscription: Subscription | None = None

    def look_again(self) -> None:
        """Something may have been missed."""
        for watcher in self.watchers:
            watcher.look_again()


class Watches:
    """All watches of the process."""

    def __init__(self, bus: Bus, poll_seconds: float) -> None:
        self._bus = bus
        self._poll_seconds = poll_seconds
        self._mailboxes: dict[int, _Watch[Watcher]] = {}
        self._lists: dict[int, _Watch[Watcher]] = {}
        self._metadata: dict[int, _Watch[MetadataWatcher]] = {}
        self._doubts: dict[int, int] = {}  # modseqs that mailboxes have, although no notice told of them
        self._doubted = trio.Event()

    def watch_mailboxes(self, watcher: Watcher, mailboxes: Iterable[int]) -> None:
        """Tell ``watcher`` of changes in these mailboxes."""
        for mailbox in mailboxes:
            self._join(self._mailboxes, watcher, mailbox_changed, mailbox, _mailbox_bell)

    def watch_list(self, watcher: Watcher, account: int) -> None:
        """Tell ``watcher`` when the names of an account change."""
        self._join(self._lists, watcher, list_changed, account, _list_bell)

    def watch_metadata(self, watcher: MetadataWatcher, mailboxes: Iterable[int]) -> None:
        """Tell ``watcher`` of annotations of these mailboxes, 0 for the server's."""
        for mailbox in mailboxes:
            self._join(self._metadata, watcher, metadata_changed, mailbox, _metadata_bell)

    def _join(
        self,
        watches: dict[int, _Watch[W]],
        watcher: W,
        event: Event[P],
        key: int,
        bell: Callable[[_Watch[W]], Callable[[P], None]],
    ) -> None:
        """Share the watch of ``key``; the first to come subscribes."""
        watch = watches.get(key)
        if watch is None:
            watch = watches[key] = _Watch()
            watch.subscription = self._bus.subscribe(event, bell(watch), key=key, on_gap=watch.look_again)
        watch.watchers.add(watcher)

    def forget_metadata(self, watcher: MetadataWatcher, mailboxes: Iterable[int]) -> None:
        """No longer."""
        for mailbox in mailboxes:
            _forget(self._metadata, mailbox, watcher)

    def forget_mailboxes(self, watcher: Watcher, mailboxes: Iterable[int]) -> None:
        """No longer."""
        for mailbox in mailboxes:
            _forget(self._mailboxes, mailbox, watcher)

    def forget_list(self, watcher: Watcher, account: int) -> None:
        """No longer."""
        _forget(self._lists, account, watcher)

    def cared_for(self) -> Iterable[int]:
        """Mailboxes that somebody watches."""
        return self._mailboxes

    def reached(self, mailbox: int, modseq: int) -> None:
        """How far a mailbox is by now."""
        watch = self._mailboxes.get(mailbox)
        if watch is not None and modseq > watch.modseq:
            self._doubts[mailbox] = modseq
            self._doubted.set()

    async def run(self) -> None:
        """Let those look again whose notices are lost, and everybody now and then. Runs for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look_round)
            while True:
                await self._doubted.wait()
                await trio.sleep(_GRACE)
                self._end_doubts()

    def _end_doubts(self) -> None:
        doubts, self._doubts = self._doubts, {}
        self._doubted = trio.Event()
        for mailbox, modseq in doubts.items():
            watch = self._mailboxes.get(mailbox)
            if watch is not None and modseq > watch.modseq:
                watch.modseq = modseq
                for watcher in watch.watchers:
                    watcher.mailbox_changed(mailbox, "")

    async def _look_round(self) -> None:
        while True:
            await trio.sleep(self._poll_seconds)
            for watch in list(self._lists.values()):
                watch.look_again()


def _metadata_bell(watch: _Watch[MetadataWatcher]) -> Callable[[MetadataChange], None]:
    def on_change(change: MetadataChange) -> None:
        for watcher in watch.watchers:
            watcher.metadata_changed(change)

    return on_change


def _mailbox_bell(watch: _Watch[Watcher]) -> Callable[[Change], None]:
    def on_change(change: Change) -> None:
        if change.previous <= watch.modseq:
            watch.modseq = max(watch.modseq, change.modseq)
        for watcher in watch.watchers:
            watcher.mailbox_changed(change.mailbox, change.author)

    return on_change


def _list_bell(watch: _Watch[Watcher]) -> Callable[[ListChange], None]:
    def on_change(change: ListChange) -> None:
        for watcher in watch.watchers:
            watcher.list_changed(change.author)

    return on_change


def _forget(watches: dict[int, _Watch[W]], key: int, watcher: W) -> None:
    watch = watches.get(key)
    if watch is None:
        return
    watch.watchers.discard(watcher)
    if not watch.watchers:
        del watches[key]
        if watch.subscription is not None:
            watch.subscription.close()
