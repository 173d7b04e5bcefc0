"""ID (RFC 2971)."""

from __future__ import annotations

from services.imap.context import DONE, Context, Done
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.id import Id

_OURS = (("name", "Eilpost"),)
_NOTED = ("name", "version", "os")


async def handle(context: Context, command: Id) -> Done:
    """Note who the client is, for the log, and tell our name; the version is nobody's business."""
    fields = dict(command.fields)
    context.identity = " ".join(value for key in _NOTED if (value := fields.get(key)))
    context.talk.out.write(responses.identification(_OURS))
    return DONE
