"""FILTER: search criteria that the user keeps as annotations of the server (RFC 5466)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

from services.imap.annotating import look_up
from services.imap.context import AccountContext
from services.imap.errors import No
from services.imap.searching.keys import replaced, size
from services.imap.uid_only import must_name_uids
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.search_criteria import Criteria
from shared.protocols.imap.syntax.search_key import Filter, Key
from shared.protocols.imap.tokens import Arguments

_VALUES = ("/private/filters/values/", "/shared/filters/values/")
_PASSES = 5  # of filters that name filters
_TERMS = 20_000  # of the search with all filters in it


async def filled_in(account: AccountContext, key: Key) -> Key:
    """``key`` with the criteria of each filter in its place.

    Raises `No` where one is missing or is no search, and `Bad` for message numbers where there are none.
    """
    for _ in range(_PASSES + 1):
        names = _names(key)
        if not names:
            must_name_uids(account, key)
            return key
        meant = {name: await _criteria(account, name) for name in names}
        if size(key) + sum(size(meant[name]) * count for name, count in names.items()) > _TERMS:
            raise No("The filters are too long", "LIMIT")
        key = replaced(key, partial(_meaning, meant))
    raise _undefined(next(iter(_names(key))))


def must_be_searches(annotations: Iterable[tuple[str, bytes | None]]) -> None:
    """Raise `No` where a filter would be kept that is no full search (RFC 5466 section 3.2)."""
    for name, value in annotations:
        if value is not None and name.startswith(_VALUES):
            try:
                _read(value)
            except ParseError as error:
                raise No(f"{name} is no search: {error}", "CANNOT") from error


def _meaning(meant: Mapping[str, Key], key: Key) -> Key:
    return meant[key.name] if isinstance(key, Filter) else key


def _names(key: Key) -> Counter[str]:
    """The filters that ``key`` names, and how often."""
    found: Counter[str] = Counter()

    def note(each: Key) -> Key:
        if isinstance(each, Filter):
            found[each.name] += 1
        return each

    replaced(key, note)
    return found


async def _criteria(account: AccountContext, name: str) -> Key:
    entries = tuple(values + name.lower() for values in _VALUES)
    (found,) = await look_up(account, ("",), entries)
    values = {each.name: each.value for each in found.annotations}
    value = next((values[entry] for entry in entries if values.get(entry) is not None), None)
    if value is None:
        raise _undefined(name)
    try:
        return _read(value)
    except ParseError as error:
        raise _undefined(name) from error


def _read(value: bytes) -> Key:
    return Criteria(Arguments(value, utf8=True)).read()


def _undefined(name: str) -> No:
    return No("No such filter, or it is no search", f"UNDEFINED-FILTER {name}")
