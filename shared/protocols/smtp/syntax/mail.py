"""MAIL FROM (RFC 5321 section 4.1.1.2) with SIZE (RFC 1870), BODY (RFC 6152, RFC 3030),
SMTPUTF8 (RFC 6531),
AUTH (RFC 4954 section 5), RET and ENVID (RFC 3461), and the terms of `shared.protocols.smtp.terms`."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.protocols.smtp import arguments, paths, terms, xtext
from shared.protocols.smtp.errors import CommandError, argument_error

KNOWN = frozenset({"SIZE", "BODY", "SMTPUTF8", "AUTH", "RET", "ENVID"}) | terms.KNOWN


class Body(StrEnum):
    SEVEN_BIT = "7BIT"
    EIGHT_BIT = "8BITMIME"
    BINARY = "BINARYMIME"


class Mail(NamedTuple):
    """``sender`` is empty for the null reverse-path. ``size`` is what the client announced, 0 for nothing."""

    sender: str
    size: int = 0
    body: Body = Body.SEVEN_BIT
    smtputf8: bool = False
    auth: str | None = None  # decoded; "" for <>
    ret: str = ""  # FULL | HDRS
    envelope_id: str = ""
    terms: terms.Terms = terms.NONE


def parse(argument: bytes) -> Mail:
    path = paths.read(arguments.keyword(argument, "FROM:", "5.5.2"), "5.1.7")
    if not path.rest.strip(" "):
        return _checked(Mail(path.address))
    given = arguments.parameters(path.rest, KNOWN)
    return _checked(
        Mail(
            path.address,
            _size(arguments.value(given, "SIZE")),
            _body(arguments.value(given, "BODY")),
            arguments.flag(given, "SMTPUTF8"),
            _auth(arguments.value(given, "AUTH")) if "AUTH" in given else None,
            _ret(arguments.value(given, "RET")),
            _envelope_id(arguments.value(given, "ENVID")),
            terms.parse(given),
        )
    )


def _checked(mail: Mail) -> Mail:
    if mail.sender == "postmaster":
        raise argument_error("address without a domain", "5.1.7")
    if not mail.smtputf8 and not mail.sender.isascii():
        raise CommandError(553, "5.6.7", "non-ASCII address without SMTPUTF8")
    return mail


def _size(value: str) -> int:
    if not value:
        return 0
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise argument_error("malformed SIZE")
    return int(value)


def _body(value: str) -> Body:
    try:
        return Body(value.upper()) if value else Body.SEVEN_BIT
    except ValueError as error:
        raise argument_error("BODY is 7BIT, 8BITMIME or BINARYMIME") from error


def _auth(value: str) -> str:
    return "" if value == "<>" else paths.parse_address(xtext.decode(value))


def _ret(value: str) -> str:
    if value.upper() not in ("", "FULL", "HDRS"):
        raise argument_error("RET is FULL or HDRS")
    return value.upper()


def _envelope_id(value: str) -> str:
    if len(value) > 100:
        raise argument_error("ENVID is longer than 100 characters")
    return xtext.decode(value)
