"""NOTIFY (RFC 5465)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.errors import No
from services.imap.notify.registration import Registration
from services.imap.telling import tell
from shared.protocols.imap.syntax import notify as syntax
from shared.protocols.imap.syntax.notify import Group


async def handle(context: AccountContext, command: syntax.Notify) -> Done:
    """Tell what is new up to now, and from now on what the groups ask for."""
    if context.selected is not None:
        await tell(context.selected, expunges=True)
    groups = [_inward(context, group) for group in command.groups]
    registration = Registration(context, context.watches, groups)
    await registration.begin(tell_status=command.status)
    context.listen(registration)
    return DONE


def _inward(context: AccountContext, group: Group) -> Group:
    """The group in the names of storage; names that no mailbox can have are passed over."""
    names: list[str] = []
    for name in group.names:
        try:
            names.append(context.names.inward(name.removesuffix(context.names.separator)))
        except No:
            continue
    return group._replace(names=tuple(names))
