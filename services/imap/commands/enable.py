"""ENABLE (RFC 5161), of UTF8=ACCEPT among others (RFC 6855)."""

from __future__ import annotations

from collections.abc import Callable

from services.imap.condstore import use_modseqs, use_vanished
from services.imap.context import DONE, AccountContext, Done
from services.imap.rev2 import accept_utf8, use_rev2
from services.imap.uid_only import use_uid_only
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.enable import Enable

_KNOWN: dict[str, Callable[[AccountContext], None]] = {
    "CONDSTORE": use_modseqs,
    "IMAP4REV2": use_rev2,
    "QRESYNC": use_vanished,
    "UIDONLY": use_uid_only,
    "UTF8=ACCEPT": accept_utf8,
}


_SPELT = {"IMAP4REV2": "IMAP4rev2"}


async def handle(context: AccountContext, command: Enable) -> Done:
    """Switch on what we know; the rest is passed over."""
    enabled = context.dialect.enabled
    news = [name for name in command.capabilities if name in _KNOWN and name not in enabled]
    context.talk.out.write(responses.enabled(_SPELT.get(name, name) for name in news))
    context.dialect.enabled = enabled.union(news)
    for name in news:
        _KNOWN[name](context)
    return DONE
