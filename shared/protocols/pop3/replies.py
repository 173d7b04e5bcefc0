"""What the server says (RFC 1939 section 3), with the response codes of RFC 2449 and RFC 3206."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

END = b".\r\n"  # of a multi-line reply


class ResponseCode(StrEnum):
    """Why, in a form that clients act on."""

    IN_USE = "IN-USE"  # another session has the maildrop
    LOGIN_DELAY = "LOGIN-DELAY"  # too soon after the last login
    AUTH = "AUTH"  # the credentials are wrong
    SYS_TEMP = "SYS/TEMP"  # trouble of ours that may pass
    SYS_PERM = "SYS/PERM"  # trouble that needs somebody to act


def ok(text: str = "") -> bytes:
    return f"+OK {text}\r\n".encode() if text else b"+OK\r\n"


def err(text: str, code: ResponseCode | None = None) -> bytes:
    return (f"-ERR [{code.value}] {text}\r\n" if code else f"-ERR {text}\r\n").encode()


def challenge(encoded: bytes) -> bytes:
    """A SASL challenge in base64."""
    return b"+ %b\r\n" % encoded


def listing(text: str, lines: Iterable[str]) -> bytes:
    """A multi-line reply whose lines never begin with a dot."""
    return "\r\n".join([f"+OK {text}", *lines, ".", ""]).encode()
