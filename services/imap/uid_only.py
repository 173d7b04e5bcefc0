"""Doing without message numbers, for those who ENABLE UIDONLY (RFC 9586).

FETCH responses become UIDFETCH, with a UID item only where that is asked for, and EXPUNGE becomes VANISHED; EXISTS
stays, UNSEEN is not told. A command that names messages by number is refused with UIDREQUIRED: in the session where
every plain form does so, and here where it is search criteria that do, whether or not they come to be evaluated.
"""

from __future__ import annotations

from services.imap.context import AccountContext
from services.imap.errors import Bad
from services.imap.searching.keys import replaced
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.search_key import Key, Numbers


def use_uid_only(context: AccountContext) -> None:
    """From now on messages have UIDs and no numbers, so searches that are followed by number are so no longer."""
    context.dialect.uid_only = True
    updates = {} if context.selected is None else context.selected.updates
    for tag in [tag for tag, update in updates.items() if update.by_number]:
        del updates[tag]
        context.talk.out.write(responses.untagged("NO", "No longer followed", responses.no_update_code(tag)))


def must_name_uids(context: AccountContext, key: Key) -> None:
    """Raise `Bad` where ``key`` holds message numbers, and there are none (section 3.5)."""
    if context.dialect.uid_only:
        replaced(key, _refused)


def _refused(key: Key) -> Key:
    if isinstance(key, Numbers) and not key.uid and not key.numbers.saved:
        raise Bad("Messages are named by UID only", "UIDREQUIRED")
    return key
