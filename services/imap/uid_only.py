"""Doing without message numbers, for those who ENABLE UIDONLY (RFC 9586).

FETCH responses become UIDFETCH, with a UID item only where that is asked for, and EXPUNGE becomes VANISHED; EXISTS
stays, UNSEEN is not told. A command that names messages by number is refused with
UIDREQUIRED, here for those which do so in every plain form, and in `MailboxContext.uids` where a set is met.
"""

from __future__ import annotations

from services.imap.context import AccountContext


def use_uid_only(context: AccountContext) -> None:
    """From now on messages have UIDs and no numbers."""
    context.dialect.uid_only = True
