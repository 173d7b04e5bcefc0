"""The table of events says what the sources log: nothing less, nothing more."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from shared.observe.events import ANYWHERE, BASE, EVENTS, FIELDS
from shared.observe.pages import PAGES
from tests.architecture.log_calls import LogCall, log_calls

_BOUND = {"session", "account"}  # by ``log.bind`` in sessions


def test_every_event_is_in_the_table_and_every_entry_is_logged() -> None:
    logged = {(call.event, call.level): call.where for call in log_calls()}
    listed = {(event.name, event.level) for event in EVENTS}
    assert listed == set(logged), ("shared/observe/events.py lacks", [logged[each] for each in set(logged) - listed])
    assert list(EVENTS) == sorted(EVENTS, key=lambda event: event.name)


def test_its_fields_are_those_of_its_calls() -> None:
    calls: dict[tuple[str, str], list[LogCall]] = defaultdict(list)
    for call in log_calls():
        calls[call.event, call.level].append(call)
    for event in EVENTS:
        here = calls[event.name, event.level]
        names = event.fields.split()
        always = {name for name in names if not name.endswith("?")}
        listed = {name.rstrip("?") for name in names}
        assert set().union(*(call.fields for call in here)) <= listed, here
        if not any(call.open for call in here):
            given = frozenset.intersection(*(call.fields for call in here))
            assert always <= given | _BOUND, here
            assert listed <= frozenset().union(*(call.fields for call in here)) | _BOUND, here


def test_fields_are_described_once_and_none_is_left_over() -> None:
    used = {name.rstrip("?") for event in EVENTS for name in event.fields.split()}
    assert used | {*BASE, *ANYWHERE} == set(FIELDS)


def test_names_are_dotted_words() -> None:
    for event in EVENTS:
        area, _, word = event.name.partition(".")
        assert (area + word).replace("_", "").isalnum(), event.name
        assert event.name.islower()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_are_fresh(page: Path) -> None:
    assert page.read_text() == PAGES[page](), "run `make events`"
