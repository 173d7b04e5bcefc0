"""STARTTLS (RFC 3207)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp import arguments


class Starttls(NamedTuple):
    pass


def parse(argument: bytes) -> Starttls:
    arguments.none(argument)
    return Starttls()
