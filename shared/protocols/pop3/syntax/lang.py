"""``LANG [language-range]`` (RFC 6856 section 3)."""

from __future__ import annotations

import re

from shared.protocols.pop3.errors import CommandError

_RANGE = re.compile(rb"\*|[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # RFC 4647 section 2.1


def parse(argument: bytes) -> str:
    """The range in lower case; "" asks for the list of languages."""
    word = argument.strip()
    if word and not _RANGE.fullmatch(word):
        raise CommandError("a language is expected")
    return word.decode("ascii").lower()
