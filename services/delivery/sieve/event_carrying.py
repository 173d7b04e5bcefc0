"""What the script of an IMAP event decided, as RFC 6785 section 3 wants it. Pure.

The message stays where and as it is, whatever the script changed of it; where nothing keeps it, it is marked as
deleted.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.delivery.sieve.carrying import Bundle, Carrier, Means, Owner, same
from services.delivery.sieve.running import Ran, Scene
from shared.contracts.imap_events import Happened, Verdict
from shared.contracts.messages import Changed
from shared.mail.compose import folded, mailbox
from shared.mail.received import delivered_to
from shared.sieve.message import Message
from shared.sieve.outcome import Content, Keep, Redirect


class EventCarrier(Carrier):
    """Carries out what a script makes of one event."""

    kept = "the message was left as it is"

    def __init__(self, event: Happened, scene: Scene, changed: Mapping[Content, Changed], means: Means) -> None:
        super().__init__(Bundle(), Owner(event.account, event.owner), scene, changed, means)
        self._event = event
        self._kept = False
        self._flags: tuple[str, ...] | None = None

    def verdict(self, ran: Ran) -> Verdict:
        """What storage is to do, once the run is carried out."""
        event, bundle = self._event, self._bundle
        after = self._flags if self._kept and self._flags is not None else ran.flags
        add, remove = _difference(event.flags, event.flags if after is None else after)
        effects = bundle.effects
        return Verdict(
            event.id,
            event.fence,
            add,
            remove,
            not self._kept,
            tuple(bundle.targets),
            effects._replace(told="") if effects.mailings or effects.memories or effects.notes else None,
        )

    def _keep(self, action: Keep) -> None:
        self._kept = True
        self._flags = action.flags

    def _sender(self, action: Redirect) -> str:
        """The mailbox's owner: nobody else has sent it (section 3.4)."""
        return self._owner.user

    def _came_back(self) -> bool:
        """By what was there before this installation put its own fields in front of it."""
        shown = self._scene.shown
        inner = Message(shown.octets[shown.prefix :])
        return any(same(one, self._owner.user) for one in inner.values("delivered-to"))

    def _front(self) -> bytes:
        """Also what the message lacks to be a letter (section 3.4, RFC 6409 section 8): clients put anything into
        mailboxes."""
        lines = [delivered_to(self._owner.user)]
        stamp = self._stamp()
        if not self._message.has("from"):
            lines.append(folded("From", [mailbox(self._owner.user)]))
        if not self._message.has("date"):
            lines.append(stamp.date)
        if not self._message.has("message-id"):
            lines.append(stamp.message_id)
        return b"".join(lines)


def _difference(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Flags to set and flags to take away, names compared as flags are."""
    known, wanted = {name.lower() for name in before}, {name.lower() for name in after}
    return (
        tuple([name for name in after if name.lower() not in known]),
        tuple([name for name in before if name.lower() not in wanted]),
    )
