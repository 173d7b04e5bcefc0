"""What is advertised: computed from registry, settings and the session's state, so that it is what is there."""

from __future__ import annotations

from collections.abc import Sequence

from services.imap.config import ImapSettings
from services.imap.context import State
from services.imap.registry import ROWS

_CORE = ("IMAP4rev1", "IMAP4rev2", "LITERAL+", "INPROGRESS")  # what conversation and grammar do for every command


def offered(
    state: State,
    settings: ImapSettings,
    *,
    can_start_tls: bool,
    may_log_in: bool,
    mechanisms: Sequence[str],
    managesieve: str,
) -> list[str]:
    """The capability names for a session in ``state``; ``may_log_in``: passwords may be sent now, and ``mechanisms``
    used. ``managesieve`` is where users keep the scripts that METADATA may name."""
    names = [*_CORE]
    logged_in = state is not State.NOT_AUTHENTICATED
    for row in ROWS.values():
        if logged_in or State.NOT_AUTHENTICATED in row.states:
            names += row.capabilities
    if logged_in:
        names.append(f"APPENDLIMIT={settings.message_limit}")
        names.append(f"IMAPSIEVE=sieve://{managesieve}")
        if settings.messages_per_command:
            names.append(f"MESSAGELIMIT={settings.messages_per_command}")
        return names
    if can_start_tls:
        names.append("STARTTLS")
    if may_log_in:
        names += (f"AUTH={mechanism}" for mechanism in mechanisms)
    else:
        names.append("LOGINDISABLED")
    return names
