"""THREAD and UID THREAD (RFC 5256)."""

from __future__ import annotations

from array import array
from contextlib import aclosing

import trio

from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import No
from services.imap.message_limit import must_find
from services.imap.searching.evaluate import found
from services.imap.searching.filters import filled_in
from services.imap.threading.material import pages
from services.imap.threading.ordered_subject import BySubject
from services.imap.threading.references import ByReferences
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.thread import Algorithm, Thread

_MOST = 150_000  # messages that are threaded at once

_ALGORITHMS: dict[Algorithm, type[BySubject] | type[ByReferences]] = {
    Algorithm.ORDERED_SUBJECT: BySubject,
    Algorithm.REFERENCES: ByReferences,
}


async def handle(context: MailboxContext, command: Thread) -> Done:
    """Tell which messages that fit belong together."""
    key = await filled_in(context.account, command.key)
    must_find(context, key)
    uids = await found(context, key, context.account.settings.command_seconds)
    if len(uids) > _MOST:
        raise No("Too many messages", "LIMIT")
    algorithm, known = _ALGORITHMS[command.algorithm](), array("I")
    async with aclosing(pages(context, uids)) as material:
        async for page in material:
            algorithm.add(page)
            known += page.uids
            await trio.lowlevel.checkpoint()
    forest = algorithm.finish()
    numbers = known if command.uid else context.snapshot.locate(known).sequences
    context.talk.out.write(responses.thread(*forest, numbers))
    return DONE
