"""Switching modseqs on for a session (RFC 7162 section 3.1)."""

from __future__ import annotations

from services.imap.context import AccountContext
from shared.protocols.imap import responses


def use_modseqs(context: AccountContext) -> None:
    """From now on flags are told with their modseq; the mailbox's is told at once, so that the client has a start."""
    if context.condstore:
        return
    context.condstore = True
    if context.selected is not None:
        code = b"HIGHESTMODSEQ %d" % context.selected.view.modseq
        context.talk.out.write(responses.untagged("OK", "Modseqs are told from now on", code))
