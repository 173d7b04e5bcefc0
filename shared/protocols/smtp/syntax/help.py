"""HELP (RFC 5321 section 4.1.1.8): its argument is not looked at."""

from __future__ import annotations

from typing import NamedTuple


class Help(NamedTuple):
    pass


def parse(argument: bytes) -> Help:
    return Help()
