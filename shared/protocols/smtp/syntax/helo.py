"""HELO (RFC 5321 section 4.1.1.1): the greeting without extensions."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp.syntax.ehlo import host_name


class Helo(NamedTuple):
    name: str


def parse(argument: bytes) -> Helo:
    return Helo(host_name(argument))
