"""LHLO (RFC 2033 section 4.1): the greeting of LMTP."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp.syntax.ehlo import host_name


class Lhlo(NamedTuple):
    name: str


def parse(argument: bytes) -> Lhlo:
    return Lhlo(host_name(argument))
