"""A letter on its way out: one consignment, cut into a parcel for each next hop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from services.delivery.outbound.routes import NextHop
from shared.contracts.spool import Due, Letter

_NO_TLS = re.compile(rb"^tls-required[ \t]*:[ \t]*no[ \t]*\r$", re.MULTILINE)


class Consignment:
    """A claimed letter with its due recipients.

    ``open`` counts the parcels that have no verdict yet, ``unsettled`` those whose verdict the spool does not know.
    """

    __slots__ = ("claimed", "letter", "open", "unsettled")

    def __init__(self, letter: Letter, claimed: float) -> None:
        self.letter = letter
        self.claimed = claimed  # Unix seconds
        self.open = self.unsettled = 0


class Parcel(NamedTuple):
    """Recipients of one letter that one transaction can serve."""

    consignment: Consignment
    hop: NextHop
    sender: str
    dues: tuple[Due, ...]


def parcels(
    consignment: Consignment, dues: Sequence[Due], next_hop: Callable[[str], NextHop], most: int
) -> list[Parcel]:
    """Cut a letter by next hop and sender, at most ``most`` recipients each."""
    letter = consignment.letter
    lax = not letter.require_tls and _asks_for_no_tls(letter)
    groups: dict[tuple[NextHop, str], list[Due]] = {}
    for due in dues:
        hop = next_hop(due.address.rpartition("@")[2])
        if letter.require_tls:
            hop = hop._replace(required=True)
        elif lax:
            hop = hop._replace(lax=True)
        groups.setdefault((hop, due.sender or letter.sender), []).append(due)
    found = [
        Parcel(consignment, hop, sender, part)
        for (hop, sender), some in groups.items()
        for part in _parts(some, most)
    ]
    consignment.open = consignment.unsettled = len(found)
    return found


def _asks_for_no_tls(letter: Letter) -> bool:
    """Whether its header says "TLS-Required: No" (RFC 8689 section 4.1); looked for in letters that are at hand."""
    if letter.body is None:
        return False
    octets = letter.body.octets
    header = octets[: octets.find(b"\r\n\r\n") + 2].lower()
    return b"tls-required" in header and _NO_TLS.search(header) is not None


def _parts(dues: Sequence[Due], most: int) -> Iterator[tuple[Due, ...]]:
    rest = iter(dues)
    while part := tuple(islice(rest, most)):
        yield part
