"""Doing without message numbers, for those who ENABLE UIDONLY (RFC 9586).

FETCH responses become UIDFETCH, with a UID item only where that is asked for, and EXPUNGE becomes VANISHED; EXISTS
stays, UNSEEN is not told. A command that names messages by number is refused with UIDREQUIRED: in the session where
every plain form does so, in `MailboxContext.uids` where a set is met, and here where a search is of many mailboxes.
"""

from __future__ import annotations

from services.imap.context import AccountContext
from services.imap.errors import Bad
from services.imap.searching.keys import replaced
from shared.protocols.imap.syntax.search_key import Key, Numbers


def use_uid_only(context: AccountContext) -> None:
    """From now on messages have UIDs and no numbers."""
    context.dialect.uid_only = True


def must_name_uids(context: AccountContext, key: Key) -> None:
    """Raise `Bad` where ``key`` holds message numbers, and there are none."""
    if context.dialect.uid_only:
        replaced(key, _refused)


def _refused(key: Key) -> Key:
    if isinstance(key, Numbers) and not key.uid and not key.numbers.saved:
        raise Bad("Messages are named by UID only", "UIDREQUIRED")
    return key
