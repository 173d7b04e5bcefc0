"""Does the client's address have a name that leads back to it (RFC 8601 section 3)?"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from shared.base.ip import ip_address, reverse_name, unmapped
from shared.protocols.dns import Inquiry, Question

NAMES = 10  # PTR names that are looked up


class Result(Enum):
    """RFC 8601 section 2.7.3."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"  # it has no name


class Verdict(NamedTuple):
    result: Result
    name: str = ""  # confirmed


def check(ip: str) -> Inquiry[Verdict]:
    """The verdict on one client."""
    address = unmapped(ip_address(ip))
    pointers = yield Question(reverse_name(str(address)), "PTR")
    if pointers.failed:
        return Verdict(Result.TEMPERROR)
    if not pointers.names:
        return Verdict(Result.PERMERROR)
    kind, failed = ("A" if address.version == 4 else "AAAA"), False
    for name in pointers.names[:NAMES]:
        answer = yield Question(name, kind)
        if any(ip_address(each) == address for each in answer.addresses):
            return Verdict(Result.PASS, name)
        failed = failed or answer.failed
    return Verdict(Result.TEMPERROR if failed else Result.FAIL)
