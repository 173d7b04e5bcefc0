"""THREAD and UID THREAD (RFC 5256)."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import No
from services.imap.searching.evaluate import found
from services.imap.searching.filters import filled_in
from services.imap.threading.material import collect
from services.imap.threading.ordered_subject import by_subject
from services.imap.threading.references import by_references
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.thread import Algorithm, Thread

_MOST = 150_000  # messages that are threaded at once

_ALGORITHMS = {Algorithm.ORDERED_SUBJECT: by_subject, Algorithm.REFERENCES: by_references}


async def handle(context: MailboxContext, command: Thread) -> Done:
    """Tell which messages that fit belong together."""
    key = await filled_in(context.account, command.key)
    uids = await found(context, key, context.account.settings.command_seconds)
    if len(uids) > _MOST:
        raise No("Too many messages", "LIMIT")
    material = await collect(context, uids)
    forest = _ALGORITHMS[command.algorithm](material)
    await trio.lowlevel.checkpoint()
    numbers: Sequence[int] = material.uids
    if not command.uid:
        numbers = context.snapshot.locate(material.uids).sequences
    context.talk.out.write(responses.thread(forest.roots, forest.children, numbers))
    return DONE
