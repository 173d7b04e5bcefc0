"""CHECK (RFC 3501 section 6.4.1)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Check(NamedTuple):
    """A checkpoint; to the client a NOOP."""


def parse(arguments: Arguments) -> Check:
    """CHECK takes no arguments."""
    return Check()
