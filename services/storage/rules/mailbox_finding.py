"""Mailboxes that are found by their id or their use instead of their name (RFC 9042, RFC 8579)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.storage.rules import names
from shared.contracts.messages import Target, Where


class Named(Protocol):
    """A mailbox as the list of an account's names holds it."""

    @property
    def account_id(self) -> int: ...
    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def special_use(self) -> str: ...


def number_of(text: str) -> int:
    """The number that a MAILBOXID (RFC 8474) stands for, 0 when it can stand for none."""
    digits = text[1:]
    return int(digits) if text[:1] == "F" and digits.isascii() and digits.isdigit() and len(digits) < 19 else 0


def find(targets: Sequence[Target], mailboxes: Sequence[Named]) -> tuple[Target, ...]:
    """``targets`` under the names of the mailboxes that are found; where none is, the given name stays, with the use
    that a mailbox may be made for."""
    return tuple([_find(target, mailboxes) for target in targets])


def _find(target: Target, mailboxes: Sequence[Named]) -> Target:
    if target.where is None:
        return target
    own = [each for each in mailboxes if each.account_id == target.account]
    name = _name(target.where, own)
    if name is not None:
        return target._replace(mailbox=name, where=None)
    use = names.special_use(target.where.special_use)
    return target._replace(where=Where(special_use=use) if use else None)


def _name(where: Where, own: Sequence[Named]) -> str | None:
    number = number_of(where.id)
    by_id = [each.name for each in own if number and each.id == number]
    use = where.special_use.lower()
    by_use = [each.name for each in own if use and each.special_use.lower() == use]
    return next(iter(by_id + by_use), None)
