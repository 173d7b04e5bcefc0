"""Interned sets of flags: number to set and back, remembered for the life of the process.

Invariant: only committed rows are remembered. A transaction that has itself added a set may be rolled back, and its
numbers be given out again; so what it reads afterwards is used, but not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, RootTransaction, Row, bindparam, func, insert, select

from services.storage.rules.flags import FIRST_INTERNED, Flags, bits_of, fixed_flags, fixed_number
from services.storage.tables.schema import flagset
from shared.contracts.changes import FlagSet

MAX_REMEMBERED = 50_000

BY_FLAGS = select(flagset.c.id, flagset.c.flags).where(flagset.c.flags == bindparam("flags"))
BY_NUMBER = select(flagset.c.id, flagset.c.flags).where(flagset.c.id.in_(bindparam("ids", expanding=True)))
LAST = select(func.max(flagset.c.id))
ADD = insert(flagset)


@dataclass(slots=True)
class _Memory:
    flags: dict[int, Flags] = field(default_factory=dict)
    numbers: dict[Flags, int] = field(default_factory=dict)
    interning: RootTransaction | None = None  # the last transaction that added a set

    def keep(self, connection: Connection, number: int, flags: Flags) -> None:
        if connection.get_transaction() is self.interning:
            return
        if len(self.flags) >= MAX_REMEMBERED:
            self.flags.clear()
            self.numbers.clear()
        self.flags[number] = flags
        self.numbers[flags] = number


class FlagSets:
    """The sets of one database."""

    def __init__(self) -> None:
        self._memory = _Memory()

    def number(self, connection: Connection, flags: Flags) -> int:
        """The number of a canonical set, which is added when it is new."""
        fixed = fixed_number(flags)
        if fixed is not None:
            return fixed
        known = self._memory.numbers.get(flags)
        if known is not None:
            return known
        text = " ".join(flags)
        row = connection.execute(BY_FLAGS, {"flags": text}).first()
        return self._read(connection, row)[0] if row is not None else self._add(connection, flags, text)

    def _add(self, connection: Connection, flags: Flags, text: str) -> int:
        number = max(connection.execute(LAST).scalar() or 0, FIRST_INTERNED - 1) + 1
        self._memory.interning = connection.get_transaction()
        connection.execute(ADD, {"id": number, "flags": text, "bits": bits_of(flags)})
        return number

    def _read(self, connection: Connection, row: Row[int, str]) -> tuple[int, Flags]:
        number, flags = row.id, tuple(row.flags.split(" "))
        self._memory.keep(connection, number, flags)
        return number, flags

    def flags(self, connection: Connection, numbers: Iterable[int]) -> dict[int, Flags]:
        """The sets behind ``numbers``."""
        found = {}
        unknown = []
        for number in set(numbers):
            if number < FIRST_INTERNED:
                found[number] = _FIXED[number]
            elif (flags := self._memory.flags.get(number)) is not None:
                found[number] = flags
            else:
                unknown.append(number)
        if unknown:
            rows = connection.execute(BY_NUMBER, {"ids": unknown})
            found.update(self._read(connection, row) for row in rows)
        return found

    def explain(self, connection: Connection, numbers: Collection[int]) -> tuple[FlagSet, ...]:
        """What a `Change` or a page says of the sets that it uses."""
        return tuple(FlagSet(number, flags) for number, flags in sorted(self.flags(connection, numbers).items()))


_FIXED = tuple(map(fixed_flags, range(FIRST_INTERNED)))
