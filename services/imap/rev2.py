"""IMAP4rev2 for those who ENABLE it (RFC 9051 appendices A and E).

What differs for them: names are UTF-8, nothing is \\Recent, SELECT tells the name, SEARCH answers with ESEARCH, and
flags are never told without the UID.
"""

from __future__ import annotations

from services.imap.context import AccountContext
from services.imap.errors import Bad
from services.imap.snapshot import NEVER
from shared.protocols.imap import responses


def use_rev2(context: AccountContext) -> None:
    """From now on the session speaks IMAP4rev2."""
    context.dialect.rev2 = True
    use_utf8(context)
    if context.selected is not None:
        context.selected.snapshot.recent_from = NEVER


def accept_utf8(context: AccountContext) -> None:
    """From now on UTF-8 is welcome in names and headers (RFC 6855)."""
    context.dialect.utf8_headers = True
    use_utf8(context)


def must_be_free_to_name_charsets(context: AccountContext) -> None:
    """Raise `Bad` for a search that names one since UTF8=ACCEPT (RFC 6855 section 3)."""
    if context.dialect.utf8_headers:
        raise Bad("All is UTF-8 since ENABLE UTF8=ACCEPT, no charset may be named")


def use_utf8(context: AccountContext) -> None:
    """From now on mailbox names and quoted strings are UTF-8, both ways."""
    context.dialect.utf8 = True
    context.talk.core.utf8 = True


def tell_name(context: AccountContext, given: str, *, gone: bool = False, always: bool = False) -> None:
    """Tell the name that a mailbox has, where the client wrote it in another form (RFC 9051 section 6.3.9.7)."""
    names = context.names
    name = names.outward(names.inward(given.removesuffix(names.separator)))
    other = name != given.removesuffix(names.separator)
    if context.dialect.rev2 and (other or always):
        attributes = ["\\NonExistent"] if gone else []
        context.talk.out.write(
            responses.listed(attributes, names.separator, name, utf8=True, old_name=given if other else "")
        )
