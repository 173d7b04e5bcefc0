"""IDLE (RFC 2177)."""

from __future__ import annotations

import trio

from services.imap.context import AccountContext, Done
from services.imap.conversation import STILL_HERE
from services.imap.errors import Bad
from services.imap.rights import confirm
from services.imap.telling import tell
from shared.net.shell import PeerTimeout
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.idle import Idle


async def handle(context: AccountContext, command: Idle) -> Done:
    """Tell what is new as soon as it is known, until the client says DONE."""
    context.talk.out.write(responses.continuation("idling"))
    selected = context.selected
    if selected is not None:
        selected.live.idle.add(context.talk.bell)
    try:
        line = await _wait(context)
    finally:
        if selected is not None and context.notify is None:
            selected.live.idle.discard(context.talk.bell)
    if line.upper() != b"DONE":
        raise Bad("DONE expected")
    return Done("Idled")


async def _wait(context: AccountContext) -> bytes:
    keepalive = context.settings.keepalive
    now = trio.current_time()
    end, sign = now + context.settings.idle_timeout, now + keepalive
    while True:
        context.must_go_on()
        if context.selected is not None:
            await confirm(context.selected)
        if context.notify is not None:
            await context.notify.tell(expunges=True)
        elif context.selected is not None and not context.selected.snapshot.fresh:
            await tell(context.selected, expunges=True)
        try:
            line = await context.talk.line(max(0.0, min(end, sign) - trio.current_time()))
        except PeerTimeout:
            if trio.current_time() >= end:
                raise
            context.talk.out.write(STILL_HERE)
            sign = trio.current_time() + keepalive
            continue
        if line is not None:
            return line
