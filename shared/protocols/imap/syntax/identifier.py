"""Identifiers of rights (RFC 4314 section 3), as several commands name them."""

from __future__ import annotations

from shared.protocols.imap.errors import ParseError
from shared.protocols.sasl.saslprep import Unpreparable, saslprep


def prepared(written: str) -> str:
    """An identifier as SASLprep leaves it; "-" in front says that rights are taken away.

    Raises `ParseError` for what can name nobody.
    """
    name = written.removeprefix("-")
    try:
        return written[: len(written) - len(name)] + saslprep(name)
    except Unpreparable as error:
        raise ParseError(f"Not an identifier: {error}") from error
