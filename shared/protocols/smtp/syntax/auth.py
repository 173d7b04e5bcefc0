"""AUTH (RFC 4954 section 4): a mechanism's name and perhaps an initial response, in base64."""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.protocols.smtp.errors import argument_error

_MECHANISM = re.compile(rb"[A-Za-z0-9_-]{1,20}")  # RFC 4422 section 3.1


class Auth(NamedTuple):
    mechanism: str  # upper case
    initial: bytes | None = None  # as sent: base64, or "="

    def __repr__(self) -> str:
        return f"Auth(mechanism={self.mechanism!r}, initial={'...' if self.initial else self.initial!r})"


def parse(argument: bytes) -> Auth:
    words = argument.split()
    if not 1 <= len(words) <= 2 or not _MECHANISM.fullmatch(words[0]):
        raise argument_error("mechanism expected")
    return Auth(words[0].decode("ascii").upper(), words[1] if len(words) == 2 else None)
