"""Passwords that look alike are alike, however a keyboard composed them (RFC 4013)."""

from __future__ import annotations

from shared.protocols.sasl.saslprep import Unpreparable
from shared.protocols.sasl.saslprep import saslprep as prepared


def saslprep(password: str) -> str:
    """The prepared form; a password that has none (prohibited characters, mixed directions) stays as it is."""
    if password.isascii():
        return password
    try:
        return prepared(password)
    except Unpreparable:
        return password
