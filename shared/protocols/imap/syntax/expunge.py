"""EXPUNGE (RFC 3501 section 6.4.3) and UID EXPUNGE (RFC 4315)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.tokens import Arguments


class Expunge(NamedTuple):
    """Remove what is \\Deleted; with ``uid``, of the messages in ``uids`` only."""

    uid: bool
    uids: SequenceSet | None = None


def parse(arguments: Arguments) -> Expunge:
    """Nothing, or after UID ``SP sequence-set``."""
    if not arguments.uid:
        return Expunge(False)
    arguments.space()
    return Expunge(True, arguments.sequence_set())
