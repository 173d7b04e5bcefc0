"""RCPT TO (RFC 5321 section 4.1.1.3) with NOTIFY and ORCPT (RFC 3461)."""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.protocols.smtp import arguments, paths, xtext
from shared.protocols.smtp.errors import argument_error

KNOWN = frozenset({"NOTIFY", "ORCPT"})

_NOTIFY = frozenset({"SUCCESS", "FAILURE", "DELAY"})
_ORCPT = re.compile(r"([A-Za-z0-9-]+);(.+)")


class Rcpt(NamedTuple):
    """``address`` is ``postmaster`` alone when that was asked for without a domain."""

    address: str
    notify: tuple[str, ...] = ()  # NEVER, or a choice of SUCCESS, FAILURE and DELAY
    original: str = ""  # "addr-type;address", decoded


def parse(argument: bytes) -> Rcpt:
    path = paths.read(arguments.keyword(argument, "TO:", "5.5.2"), "5.1.3")
    if not path.address:
        raise argument_error("a recipient is never empty", "5.1.3")
    if not path.rest.strip(" "):
        return Rcpt(path.address)
    given = arguments.parameters(path.rest, KNOWN)
    return Rcpt(path.address, _notify(arguments.value(given, "NOTIFY")), _original(arguments.value(given, "ORCPT")))


def _notify(value: str) -> tuple[str, ...]:
    if not value:
        return ()
    words = tuple(value.upper().split(","))
    if words != ("NEVER",) and (not _NOTIFY.issuperset(words) or len(set(words)) != len(words)):
        raise argument_error("NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY")
    return words


def _original(value: str) -> str:
    if not value:
        return ""
    match = _ORCPT.fullmatch(value)
    if not match or len(value) > 500:
        raise argument_error("malformed ORCPT")
    kind, address = match[1].lower(), match[2]
    if kind == "utf-8" and not address.isascii():
        return f"{kind};{address}"  # utf-8-addr-xtext may hold UTF-8 as it is (RFC 6533 section 3)
    return f"{kind};{xtext.decode(address)}"
