"""Switching modseqs on for a session, and quick resynchronisation with them (RFC 7162)."""

from __future__ import annotations

from services.imap.context import AccountContext
from shared.protocols.imap import responses


def use_modseqs(context: AccountContext) -> None:
    """From now on flags are told with their modseq; the mailbox's is told at once, so that the client has a start."""
    if context.dialect.modseqs:
        return
    context.dialect.modseqs = True
    if context.selected is not None:
        code = b"HIGHESTMODSEQ %d" % context.selected.snapshot.safe_modseq
        context.talk.out.write(responses.untagged("OK", "Modseqs are told from now on", code))


def use_vanished(context: AccountContext) -> None:
    """From now on expunges are told by UID, and the client may ask which it missed."""
    use_modseqs(context)
    context.dialect.vanished = True
