"""imapsieve (RFC 6785): the script runs when a client adds a message to a mailbox, or changes its flags.

It brings items of the environment. What such a run may not do stands with the extensions that are `for_delivery`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.sieve.registry import Extension

EXTENSION = Extension("imapsieve")


class ImapEvent(NamedTuple):
    """What happened to a message. ``user`` is the login name of whoever did it, ``email`` that account's address;
    ``cause`` is APPEND, COPY or FLAG."""

    user: str = ""
    email: str = ""
    cause: str = ""
    mailbox: str = ""
    changed_flags: Sequence[str] = ()


NO_EVENT = ImapEvent()  # a letter is delivered


def items(event: ImapEvent) -> dict[str, str]:
    """The environment's items about an event (sections 4.1 to 4.5)."""
    return {
        "location": "MS" if event.cause else "MDA",
        "phase": "post" if event.cause else "during",
        "imap.user": event.user,
        "imap.email": event.email,
        "imap.cause": event.cause,
        "imap.mailbox": event.mailbox,
        "imap.changedflags": " ".join(event.changed_flags),
    }
