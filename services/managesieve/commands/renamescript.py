"""RENAMESCRIPT (RFC 5804 section 2.11): an active script stays active."""

from __future__ import annotations

from services.managesieve.context import Context
from shared.base.ids import new_ulid
from shared.contracts import sieve
from shared.protocols.managesieve import responses
from shared.protocols.managesieve.syntax.renamescript import RenameScript


async def renamescript(context: Context, command: RenameScript) -> None:
    await context.client.call(sieve.rename, sieve.Rename(new_ulid(), command.old, command.new, context.grant))
    context.out += responses.ok()
