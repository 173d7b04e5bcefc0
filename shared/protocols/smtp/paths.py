"""Reverse-path and forward-path (RFC 5321 section 4.1.2): what stands between ``<`` and ``>``.

The outcome is an address in one normal form: a source route dropped, the local part without needless quotes,
its case kept. Non-ASCII passes here; whether SMTPUTF8 was asked for is judged by the caller.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.protocols.smtp.domains import LABEL, is_address_literal, is_domain
from shared.protocols.smtp.errors import CommandError, argument_error

LOCAL_LIMIT = 255  # octets; more than the 64 of RFC 5321 section 4.5.3.1.1, since real return paths need more

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]"
_PLAIN = re.compile(rf"<({_ATEXT}+(?:\.{_ATEXT}+)*@{LABEL}(?:\.{LABEL})*)>")
_DOT_STRING = re.compile(rf"(?:{_ATEXT}|[^\x00-\x7f])+(?:\.(?:{_ATEXT}|[^\x00-\x7f])+)*")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*)"')
_ROUTE = re.compile(r"@[^\x00-\x20,:<>\"]+(?:,@[^\x00-\x20,:<>\"]+)*:")


class Path(NamedTuple):
    """One path and what followed it on the line. ``address`` is empty for ``<>``."""

    address: str
    rest: str


def read(text: str, enhanced: str) -> Path:
    """The path that ``text`` starts with. Raises `CommandError` (501) under the given enhanced code."""
    plain = _PLAIN.match(text)
    if plain and len(plain[1]) <= LOCAL_LIMIT:
        return Path(plain[1], text[plain.end() :])
    if text[:2] == "<>":
        return Path("", text[2:])
    return _read_any(text, enhanced)


def _read_any(text: str, enhanced: str) -> Path:
    if text[:1] != "<":
        raise argument_error("address must stand in angle brackets", enhanced)
    at = 1
    route = _ROUTE.match(text, at)
    if route:
        _check_route(route[0], enhanced)
        at = route.end()
    local, at = _read_local(text, at, enhanced)
    end = text.find(">", at)
    if end < 0 or text[at : at + 1] not in ("@", ">"):
        raise argument_error("malformed address", enhanced)
    if end == at:  # <Postmaster>, the one address without a domain (RFC 5321 section 4.1.1.3)
        if local.lower() != "postmaster" or route:
            raise argument_error("address without a domain", enhanced)
        return Path("postmaster", text[end + 1 :])
    domain = text[at + 1 : end]
    if not (is_domain(domain) or is_address_literal(domain)):
        raise argument_error("malformed domain", enhanced)
    return Path(f"{local}@{domain}", text[end + 1 :])


def _check_route(route: str, enhanced: str) -> None:
    if not all(is_domain(hop[1:]) or is_address_literal(hop[1:]) for hop in route[:-1].split(",")):
        raise argument_error("malformed source route", enhanced)


def _read_local(text: str, at: int, enhanced: str) -> tuple[str, int]:
    """The local part from ``at`` on, in normal form, and where it ended."""
    quoted = _QUOTED.match(text, at)
    found = quoted or _DOT_STRING.match(text, at)
    if not found:
        raise argument_error("malformed local part", enhanced)
    local = _normal(_unescaped(quoted[1])) if quoted else found[0]
    if len(local.encode()) > LOCAL_LIMIT or not local.isprintable():
        raise argument_error("local part too long or not printable", enhanced)
    return local, found.end()


def _unescaped(content: str) -> str:
    return re.sub(r"\\(.)", r"\1", content) if "\\" in content else content


def _normal(content: str) -> str:
    """As a dot-string where that says the same, else quoted with as few escapes as possible."""
    if _DOT_STRING.fullmatch(content):
        return content
    return '"' + content.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_address(text: str) -> str:
    """A whole path without brackets, as ORCPT-like places hold it. Raises `CommandError` (501)."""
    path = read(f"<{text}>", "5.5.4")
    if path.rest or not path.address:
        raise CommandError(501, "5.5.4", "malformed address")
    return path.address
