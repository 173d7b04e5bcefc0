"""The word index, as each dialect keeps it (see `services.storage.tables.words`, which has the invariants)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

FITTING = 1_000  # words that a piece may stand for


class Span(NamedTuple):
    """Messages of a mailbox, by UID."""

    mailbox: int
    first: int
    last: int


class WordIndex(ABC):
    """Stateless: the tables of ``connection`` are all there is."""

    @abstractmethod
    def clear(self, connection: Connection) -> None:
        """Forget which contents hold which words."""

    @abstractmethod
    def know(self, connection: Connection, words: Collection[str]) -> None:
        """Have these in the vocabulary."""

    @abstractmethod
    def unused(self, connection: Connection, words: Collection[str]) -> set[str]:
        """Those of ``words`` that no content holds."""

    @abstractmethod
    def drop(self, connection: Connection, words: Mapping[int, str]) -> None:
        """Take words, by id, out of the vocabulary."""

    @abstractmethod
    def add(self, connection: Connection, entries: Sequence[tuple[int, Sequence[frozenset[str]]]]) -> None:
        """Write the words of contents, by content id, for each of `tables.words.COLUMNS`."""

    @abstractmethod
    def forget(self, connection: Connection, contents: Sequence[int]) -> None:
        """Contents are gone."""

    @abstractmethod
    def present(self, connection: Connection, first: int, last: int) -> set[int]:
        """Which contents from ``first`` to ``last`` are in the index."""

    @abstractmethod
    def having(self, connection: Connection, part: str) -> list[str]:
        """Words that have ``part`` somewhere in them, at most one more than `FITTING`."""

    @abstractmethod
    def holding(
        self, connection: Connection, columns: Iterable[str], words: Sequence[Sequence[str]], most: int
    ) -> list[int]:
        """Contents that hold, in one of ``columns`` each, a word of every group; at most ``most``."""

    @abstractmethod
    def among(
        self, connection: Connection, span: Span, indexed: int, contents: Sequence[int], part: str | None
    ) -> Sequence[Any]:
        """(UID, content id) of those messages of a span whose content is one of ``contents`` or lies behind
        ``indexed``; with a ``part`` also those that may have it in the octets in front of their content."""
