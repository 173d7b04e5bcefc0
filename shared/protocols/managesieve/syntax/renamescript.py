"""``RENAMESCRIPT old new`` (RFC 5804 section 2.11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.protocols.managesieve.arguments import count, text
from shared.protocols.managesieve.tokens import Token


class RenameScript(NamedTuple):
    old: str
    new: str


def parse(arguments: Sequence[Token]) -> RenameScript:
    count(arguments, 2)
    return RenameScript(text(arguments[0]), text(arguments[1]))
