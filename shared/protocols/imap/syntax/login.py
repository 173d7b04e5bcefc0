"""LOGIN (RFC 3501 section 6.2.3)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Login(NamedTuple):
    """User name and password in clear, decoded as UTF-8."""

    username: str
    password: str


def parse(arguments: Arguments) -> Login:
    """``userid SP password``."""
    arguments.space()
    username = arguments.astring_text()
    arguments.space()
    return Login(username, arguments.astring_text())
