"""A header block as signatures see it: fields taken from the bottom up, each canonical form made once.

Two signatures of one signer name the same fields, so what was selected last is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.authentication.dkim.canonical import canonical_field
from shared.mail.headers import Field, fields


class HeaderFields:
    """The fields of one message, in order."""

    __slots__ = ("_by_name", "_canonical", "_last", "_selected", "all")

    def __init__(self, header: bytes) -> None:
        self.all: list[Field] = list(fields(header))
        self._by_name: dict[bytes, list[int]] = {}
        for number, field in enumerate(self.all):
            self._by_name.setdefault(field.name, []).append(number)
        self._canonical: dict[tuple[int, bool], bytes] = {}
        self._last: tuple[Sequence[bytes], bool] = ((), True)
        self._selected = b""  # by what `_last` names

    def named(self, name: bytes) -> list[Field]:
        """All fields of that name (lower case), from the top down."""
        return [self.all[number] for number in self._by_name.get(name, ())]

    def count(self, name: bytes) -> int:
        return len(self._by_name.get(name, ()))

    def selected(self, names: Sequence[bytes], *, relaxed: bool) -> bytes:
        """The canonical fields that h= names, each name taking the next instance from the bottom (section 5.4.2)."""
        if self._last != (names, relaxed):
            self._last, self._selected = (names, relaxed), self._select(names, relaxed=relaxed)
        return self._selected

    def _select(self, names: Sequence[bytes], *, relaxed: bool) -> bytes:
        taken: dict[bytes, int] = {}
        out: list[bytes] = []
        for name in names:
            numbers = self._by_name.get(name)
            if numbers is None:
                continue
            count = taken.get(name, 0)
            if count < len(numbers):
                taken[name] = count + 1
                out.append(self._form(numbers[-1 - count], relaxed=relaxed))
        return b"".join(out)

    def _form(self, number: int, *, relaxed: bool) -> bytes:
        form = self._canonical.get((number, relaxed))
        if form is None:
            form = self._canonical[number, relaxed] = canonical_field(self.all[number].raw, relaxed=relaxed)
        return form
