"""Who wants a report: what the DNS of a domain says of that, and whether others agree to get it.

Nobody is sent reports because a stranger's record names them: for DMARC the other domain must say so itself (RFC 9990
section 4). RFC 8460 asks for no such thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from services.delivery.outbound.finding import Lookup
from shared.authentication.dmarc.record import parse
from shared.authentication.dmarc.walk import walk
from shared.mail.address import AddressError, parse_address
from shared.protocols.dns import Inquiry, Question

T = TypeVar("T")

MOST = 5  # recipients of one report
_LIMIT = re.compile(r"([0-9]{1,12})([kmgt]?)\Z", re.IGNORECASE)
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


class Unknown(Exception):
    """The DNS gave no answer: ask again later."""


class Target(NamedTuple):
    """An ``address``, which takes ``limit`` octets at most (0: any number), or an https ``url``."""

    address: str = ""
    url: str = ""
    limit: int = 0


async def for_tls(lookup: Lookup, domain: str) -> list[Target]:
    """Who wants the report on TLS (RFC 8460 section 3). Raises `Unknown`."""
    answer = await lookup.ask(Question(f"_smtp._tls.{domain}", "TXT"))
    if answer.failed:
        raise Unknown(domain)
    records = [text for text in answer.texts if text.startswith(b"v=TLSRPTv1")]
    if len(records) != 1:
        return []
    version, *tags = records[0].decode("ascii", "replace").split(";")
    uris = [tag.partition("=")[2] for tag in tags if tag.partition("=")[0].strip() == "rua"]
    return _targets(uris[0].split(",")) if version.strip() == "v=TLSRPTv1" and uris else []


async def for_dmarc(lookup: Lookup, domain: str) -> list[Target]:
    """Who wants the report on DMARC, and may get it. Raises `Unknown`."""
    answer = await lookup.ask(Question(f"_dmarc.{domain}", "TXT"))
    if answer.failed:
        raise Unknown(domain)
    records = [record for record in map(parse, answer.texts) if record is not None]
    if len(records) != 1:
        return []
    targets = [each for each in _targets(records[0].reports) if each.address]
    return [each for each in targets if await _agrees(lookup, domain, each.address.rpartition("@")[2])]


async def _agrees(lookup: Lookup, domain: str, other: str) -> bool:
    """Whether reports on ``domain`` may go to ``other``: it is the same organization, or says that it wants them."""
    ours, theirs = await follow(lookup, walk(domain)), await follow(lookup, walk(other))
    if ours.organization == theirs.organization:
        return True
    answer = await lookup.ask(Question(f"{domain}._report._dmarc.{other}", "TXT"))
    if answer.failed:
        raise Unknown(other)
    return any(text.replace(b" ", b"").startswith(b"v=DMARC1") for text in answer.texts)


def _targets(uris: Iterable[str]) -> list[Target]:
    found = [target for uri in uris if (target := _target(uri.strip())) is not None]
    return list(dict.fromkeys(found))[:MOST]


def _target(uri: str) -> Target | None:
    scheme, _, rest = uri.partition(":")
    if scheme.lower() == "https":
        return Target(url=uri) if _is_postable(uri) else None
    if scheme.lower() != "mailto":
        return None
    rest, _, size = rest.partition("!")
    limit = _LIMIT.match(size)
    if size and limit is None:
        return None
    try:
        address = str(parse_address(unquote(rest.partition("?")[0])))
    except AddressError:
        return None
    if not (address.isascii() and address.isprintable() and " " not in address):
        return None
    octets = int(limit[1]) * _UNITS[limit[2].lower()] if limit else 0
    return Target(address, limit=octets)


def _is_postable(uri: str) -> bool:
    """Whether it names a host, and nothing odd."""
    try:
        parts = urlsplit(uri)
        plain = uri.isascii() and uri.isprintable() and " " not in uri
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc and plain
    except ValueError:
        return False


async def follow(lookup: Lookup, inquiry: Inquiry[T]) -> T:
    """Answer the questions of pure code until it comes to its result."""
    try:
        question = next(inquiry)
        while True:
            question = inquiry.send(await lookup.ask(question))
    except StopIteration as stop:
        result: T = stop.value
        return result
