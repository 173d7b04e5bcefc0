"""What an extension's ``build`` function gets: the arguments of one command or test, checked against its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from shared.sieve.comparators import COMPARATORS, DEFAULT, Comparator
from shared.sieve.errors import InvalidScript, Place, SieveError
from shared.sieve.limits import Limits
from shared.sieve.matching import Matcher, MatchType, Wanted, build_is
from shared.sieve.registry import Registry, Step, TestFunction
from shared.sieve.text import Texts

TagValue = bool | int | Texts


class Arguments(NamedTuple):
    """``tags`` maps a tag to its argument, True for one without; ``values`` are the positional ones (None: left out).

    A string comes as a tuple of one text.
    """

    name: str
    place: Place
    tags: Mapping[str, TagValue]
    values: tuple[int | Texts | None, ...]
    tests: tuple[TestFunction, ...]
    block: Step | None
    match_type: MatchType | None
    registry: Registry
    required: frozenset[str]
    limits: Limits
    blocks: tuple[str, ...] = ()  # names of the commands around it, the innermost last

    def fail(self, problem: str) -> InvalidScript:
        """The error that ``problem`` is, at this place."""
        return InvalidScript(f"{self.name}: {problem}", self.place)

    def has(self, tag: str) -> bool:
        """Whether ``:tag`` was given."""
        return tag in self.tags

    def texts(self, index: int) -> Texts:
        """The positional string or list at ``index``."""
        value = self.values[index]
        assert isinstance(value, tuple)
        return value

    def number(self, index: int) -> int:
        """The positional number at ``index``."""
        value = self.values[index]
        assert isinstance(value, int)
        return value

    def tag_texts(self, tag: str) -> Texts | None:
        """The argument of ``:tag``, None when it was not given."""
        value = self.tags.get(tag)
        return value if isinstance(value, tuple) else None

    def tag_number(self, tag: str) -> int | None:
        """The number behind ``:tag``, None when it was not given."""
        value = self.tags.get(tag)
        return None if value is None or isinstance(value, tuple) else int(value)

    def constant(self, texts: Texts) -> str:
        """The one string of ``texts``; raises when variables are in it."""
        if len(texts) != 1 or not isinstance(texts[0], str):
            raise self.fail("no variables may stand here")
        return texts[0]

    @property
    def comparator(self) -> Comparator:
        """The one that ``:comparator`` names, or the default."""
        named = self.tag_texts("comparator")
        if named is None:
            return DEFAULT
        name = self.constant(named)
        found = COMPARATORS.get(name)
        if found is None:
            raise self.fail(f"comparator {name!r} is not known")
        if found.extension and found.extension not in self.required:
            raise self.fail(f"{found.extension!r} is not required")
        return found

    def matcher(self, keys: Texts) -> Matcher:
        """How the test compares values with ``keys``."""
        comparator, chosen = self.comparator, self.match_type
        if chosen is None:
            return build_is(Wanted(comparator, keys))
        if chosen.substrings and not comparator.has_substrings:
            raise self.fail(f":{chosen.name} is not for comparator {comparator.name!r}")
        relation = ""
        if chosen.has_relation:
            named = self.tag_texts(chosen.name)
            relation = self.constant(named or ()).lower()
        try:
            return chosen.build(Wanted(comparator, keys, relation))
        except SieveError as error:
            raise self.fail(error.problem) from error

    @property
    def is_count(self) -> bool:
        """Whether the match counts values instead of comparing them (RFC 5231)."""
        return self.match_type is not None and self.match_type.name == "count"
