"""SETMETADATA (RFC 5464 section 4.3, RFC 5466 section 3.2)."""

from __future__ import annotations

from services.imap.annotating import refusal
from services.imap.context import DONE, AccountContext, Done
from services.imap.searching.filters import must_be_searches
from shared.contracts import metadata
from shared.contracts.errors import Refused
from shared.contracts.metadata import Annotation, Set
from shared.protocols.imap.syntax.setmetadata import SetMetadata


async def handle(context: AccountContext, command: SetMetadata) -> Done:
    """Set and remove annotations, all or none."""
    if not command.mailbox:
        must_be_searches(command.annotations)
    given = tuple(Annotation(name, value) for name, value in command.annotations)
    try:
        await context.call(metadata.set, Set(context.grant, context.names.inward(command.mailbox), given))
    except Refused as error:
        raise refusal(error) from error
    return DONE
