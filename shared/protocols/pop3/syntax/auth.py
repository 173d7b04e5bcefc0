"""``AUTH mechanism [initial-response]`` (RFC 5034 section 4); without an argument, the list of mechanisms."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.pop3.errors import CommandError

_NAME_LIMIT = 20  # characters of a SASL mechanism's name (RFC 4422 section 3.1)


class Auth(NamedTuple):
    """``mechanism`` is "" when the client asks for the list; ``initial`` is still base64 (or ``=``)."""

    mechanism: str
    initial: bytes | None


def parse(argument: bytes) -> Auth:
    words = argument.split()
    if not words:
        return Auth("", None)
    if len(words) > 2 or len(words[0]) > _NAME_LIMIT or not words[0].isascii():
        raise CommandError("AUTH wants a mechanism and perhaps an initial response")
    return Auth(words[0].decode("ascii").upper(), words[1] if len(words) == 2 else None)
