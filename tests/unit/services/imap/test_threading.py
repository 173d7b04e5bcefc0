"""Threads: the algorithms against the RFC's words, and against a slow and simple reading of them."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.imap.threading.forest import Algorithm, Forest, Material
from services.imap.threading.ordered_subject import BySubject
from services.imap.threading.references import ByReferences
from shared.protocols.imap import responses


class Letter(NamedTuple):
    """Ids are small numbers, 0 for none; a subject of 0 is an empty one."""

    own: int = 0
    ancestors: tuple[int, ...] = ()
    subject: int = 0
    reply: bool = False
    date: int = 0


def material(letters: Sequence[Letter]) -> Material:
    counts = bytes(2 + len(letter.ancestors) for letter in letters)
    made = Material(array("I", range(1, len(letters) + 1)), array("q"), counts, array("Q"))
    for letter in letters:
        made.dates.append(letter.date)
        made.ids.extend([letter.subject * 2 + letter.reply, letter.own, *letter.ancestors])
    return made


def by_references(letters: Sequence[Letter], pages: int = 1) -> Forest:
    return grown(ByReferences(), letters, pages)


def by_subject(letters: Sequence[Letter], pages: int = 1) -> Forest:
    return grown(BySubject(), letters, pages)


def grown(algorithm: Algorithm, letters: Sequence[Letter], pages: int) -> Forest:
    size = -(-len(letters) // pages) or 1
    for start in range(0, len(letters), size):
        algorithm.add(material(letters[start : start + size]))
    return algorithm.finish()


def said(forest: Forest, count: int) -> bytes:
    octets = responses.thread(*forest, range(1, count + 1))
    return octets.removeprefix(b"* THREAD").strip()


def threaded(*letters: Letter) -> bytes:
    return said(by_references(letters), len(letters))


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ([], b""),
        ([Letter(1), Letter(2)], b"(1)(2)"),
        ([Letter(1), Letter(2, (1,)), Letter(3, (1, 2)), Letter(4, (1,), date=-1)], b"(1 (4)(2 3))"),
        ([Letter(2, (1,)), Letter(3, (1,))], b"((1)(2))"),
        ([Letter(2, (1,))], b"(1)"),
        ([Letter(3, (1, 2)), Letter(1)], b"(2 1)"),
        ([Letter(1, (2,)), Letter(2, (1,))], b"(2 1)"),
        ([Letter(1, (1,))], b"(1)"),
        ([Letter(1), Letter(1), Letter(2, (1,))], b"(1 3)(2)"),
        ([Letter(1, subject=5), Letter(2, subject=5, reply=True)], b"(1 2)"),
        ([Letter(1, subject=5, reply=True), Letter(2, subject=5)], b"(2 1)"),
        ([Letter(1, subject=5), Letter(2, subject=5)], b"((1)(2))"),
        ([Letter(1, subject=5), Letter(2, subject=5), Letter(3, subject=5)], b"((1)(2)(3))"),
        ([Letter(2, (1,), 5), Letter(3, (1,), 5), Letter(4, subject=5)], b"((1)(2)(3))"),
        ([Letter(4, subject=5), Letter(2, (1,), 5), Letter(3, (1,), 5), Letter(6, (7,), 5), Letter(8, (7,), 5)],
         b"((1)(2)(3)(4)(5))"),
        ([Letter(1, date=9), Letter(2, date=3), Letter(3, (1,), date=5)], b"(2)(1 3)"),
    ],
)  # fmt: skip
def test_references(letters: list[Letter], expected: bytes) -> None:
    assert threaded(*letters) == expected


def test_what_a_message_says_of_itself_wins() -> None:
    assert threaded(Letter(9, (3, 2)), Letter(3), Letter(2, (1,)), Letter(1)) == b"(2)(4 3 1)"


def test_ordered_subject() -> None:
    letters = [
        Letter(subject=2, date=9),
        Letter(subject=1, date=5),
        Letter(subject=2, date=4),
        Letter(subject=2, date=6),
    ]
    assert said(by_subject(letters), 4) == b"(3 (4)(1))(2)"


letters = st.lists(
    st.builds(
        Letter,
        st.integers(0, 8),
        st.lists(st.integers(1, 10), max_size=4).map(tuple),
        st.integers(0, 4),
        st.booleans(),
        st.integers(0, 5),
    ),
    max_size=12,
)


def members(forest: Forest, size: int) -> list[int]:
    """All messages, each as often as it stands in the forest."""
    waiting, found = list(forest.roots), []
    while waiting:
        node = waiting.pop()
        if node < size:
            found.append(node)
        else:
            assert len(list(forest.children(node))) > 1
        waiting += forest.children(node)
    return found


@given(letters, st.integers(1, 5))
def test_pages_make_no_difference(given_letters: list[Letter], pages: int) -> None:
    for algorithm in (by_references, by_subject):
        whole, paged = algorithm(given_letters), algorithm(given_letters, pages)
        assert said(whole, len(given_letters)) == said(paged, len(given_letters))


@given(letters)
def test_every_message_stands_in_one_place(given_letters: list[Letter]) -> None:
    for algorithm in (by_references, by_subject):
        forest = algorithm(given_letters)
        assert sorted(members(forest, len(given_letters))) == list(range(len(given_letters)))


def naive_parents(given_letters: Sequence[Letter]) -> dict[int, int]:
    """Step 1 in its own words: parents by id; a message without an id of its own has a negative one."""
    known: set[int] = set()
    parents: dict[int, int] = {}

    def above(id: int) -> list[int]:
        chain = [id]
        while chain[-1] in parents:
            chain.append(parents[chain[-1]])
        return chain

    for number, letter in enumerate(given_letters):
        own = letter.own if letter.own and letter.own not in known else -1 - number
        known.add(own)
        for parent, child in zip(letter.ancestors, letter.ancestors[1:], strict=False):
            if child not in parents and child not in above(parent):
                parents[child] = parent
        before = parents.pop(own, None)
        if letter.ancestors and own not in above(letter.ancestors[-1]):
            parents[own] = letter.ancestors[-1]
        elif letter.ancestors and before is not None:
            parents[own] = before
    return parents


@given(letters)
def test_links_are_those_of_a_naive_reading(given_letters: list[Letter]) -> None:
    plain = [letter._replace(subject=number + 1, reply=False) for number, letter in enumerate(given_letters)]
    parents = naive_parents(plain)
    seen: set[int] = set()
    names: dict[int, int] = {}
    for number, letter in enumerate(plain):
        names[letter.own if letter.own and letter.own not in seen else -1 - number] = number
        seen.add(letter.own)
    forest = by_references(plain)
    found = {child: node for node in range(len(plain)) for child in forest.children(node)}
    for id, number in names.items():
        above = id
        while above in parents and (above == id or above not in names):
            above = parents[above]
        if above != id and above in names:
            assert found.get(number) == names[above]


def test_long_threads_take_little_time() -> None:
    count = 20_000
    chain = [Letter(number + 1, (number,) if number else ()) for number in range(count)]
    backwards = [letter._replace(ancestors=(letter.own + 1,)) for letter in chain]
    wheel = [Letter(number + 1, ((number + 7_000) % count + 1, number + 2)) for number in range(count)]
    began = time.process_time()
    for each in (chain, backwards, wheel):
        forest = by_references(each)
        assert len(members(forest, count)) == count
        responses.thread(*forest, range(1, count + 1))
    assert time.process_time() - began < 10
