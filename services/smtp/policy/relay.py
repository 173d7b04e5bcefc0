"""Who may send to whom. We are never an open relay: foreign recipients are for our own users alone.

Domains that the settings name are the exception: we are a relay for them, by agreement with their owners.
"""

from __future__ import annotations

from services.smtp.roles import Role
from shared.contracts.directory import Kind
from shared.protocols.smtp.replies import Reply, reply

ACCEPTED = reply(250, "2.1.5", "Ok")
UNKNOWN = reply(550, "5.1.1", "No such user here")
FULL = reply(452, "4.2.2", "Mailbox full")
FULL_FOR_GOOD = reply(552, "5.2.2", "Mailbox full")
FOREIGN = reply(550, "5.7.1", "Relaying denied")


def is_relayed(address: str, domains: tuple[str, ...]) -> bool:
    """Whether ``address`` is of one of ``domains``, which we take mail for and send on."""
    return bool(domains) and address.rpartition("@")[2].lower() in domains


def verdict(kind: Kind, role: Role, *, authenticated: bool, relayed: bool = False, full: Reply = FULL) -> Reply:
    """The reply to one RCPT; ``full`` where there is no room."""
    if kind is Kind.LOCAL:
        return ACCEPTED
    if kind is Kind.FULL:
        return full
    if kind is Kind.UNKNOWN:
        return UNKNOWN
    return ACCEPTED if relayed or (role is Role.SUBMISSION and authenticated) else FOREIGN
