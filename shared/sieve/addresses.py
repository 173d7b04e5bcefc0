"""Addresses under a test: which part of them is compared (RFC 5228 section 2.7.4, RFC 5233)."""

from __future__ import annotations

from collections.abc import Callable

from shared.mail.address import AddressError, parse_address, split_detail
from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.message import addresses

Part = Callable[[str, str], str | None]  # of local part and domain; None: this address has no such part


def whole(local: str, domain: str) -> str | None:
    """``:all``"""
    return f"{local}@{domain}" if domain else local


def local_part(local: str, domain: str) -> str | None:
    """``:localpart``"""
    return local


def domain_part(local: str, domain: str) -> str | None:
    """``:domain``"""
    return domain or None


def user(local: str, domain: str) -> str | None:
    """``:user``: the local part up to the separator."""
    return split_detail(local)[0]


def detail(local: str, domain: str) -> str | None:
    """``:detail``: what stands behind the separator; nothing at all without one (RFC 5233 section 4)."""
    name, _, rest = local.partition("+")
    return rest if name and "+" in local else None


_PARTS: dict[str, Part] = {
    "all": whole,
    "localpart": local_part,
    "domain": domain_part,
    "user": user,
    "detail": detail,
}
PART_TAGS = ("all", "localpart", "domain")


def wanted_part(arguments: Arguments) -> Part:
    """The part that the test's tags name, the whole address without any."""
    return next((_PARTS[tag] for tag in _PARTS if arguments.has(tag)), whole)


def path(address: str) -> tuple[str, str]:
    """Local part and domain of an envelope address."""
    if address.startswith("@"):  # a source route (RFC 5228 section 5.4)
        address = address.partition(":")[2]
    local, _, domain = address.rpartition("@")
    return (local, domain) if local else (domain, "")


def check_author(text: str, error: Callable[[str], SieveError]) -> None:
    """Raise an ``error`` when ``text`` names no one who can have written a message (``:from``)."""
    candidates = addresses(text.encode("utf-8", "replace"))
    try:
        authors = [parse_address(f"{local}@{domain}") for local, domain in candidates]
    except AddressError:
        authors = []
    if not authors:
        raise error(f":from {text[:60]!r} is no address")


def destination(text: str) -> str:
    """``text`` as an address that mail can be sent to, angle brackets and a display name taken off.

    Raises `RunProblem`.
    """
    candidates = addresses(text.encode("utf-8", "replace"))
    if len(candidates) != 1:
        raise RunProblem(f"{text[:80]!r} is no single address")
    local, domain = candidates[0]
    try:
        return str(parse_address(f"{local}@{domain}"))
    except AddressError as error:
        raise RunProblem(f"{text[:80]!r} is no address: {error}") from error
