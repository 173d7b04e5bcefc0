"""Searches that are followed: what a client makes of ADDTO and REMOVEFROM is what the search would find now."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

import pytest

from shared.contracts import search as search_op
from shared.contracts.errors import Code
from tests.support.storage import letter_octets
from tests.unit.services.imap.stage import Client, Stage

_UPDATE = re.compile(rb'\* ESEARCH \(TAG "(\w+)"\)( UID)? (ADDTO|REMOVEFROM) \((.*)\)')
_EXPUNGE = re.compile(rb"\* (\d+) EXPUNGE")


def numbers(octets: bytes) -> list[int]:
    """A sequence set, in its order."""
    found: list[int] = []
    for part in filter(None, octets.split(b",")):
        low, _, high = part.partition(b":")
        found += range(int(low), int(high or low) + 1)
    return found


class Follower:
    """A client's results by tag, kept as RFC 5267 section 4.3 says."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.results: dict[bytes, list[int]] = {}
        self.by_number: set[bytes] = set()

    async def follow(self, command: str) -> None:
        found = await self.client.ok(command)
        tag = b"t%d" % self.client._tag
        all_ = re.search(rb"ALL ([0-9,:]+)", found[-1])
        self.results[tag] = numbers(all_[1]) if all_ else []
        if not command.startswith("UID "):
            self.by_number.add(tag)

    def hear(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if expunged := _EXPUNGE.match(line):
                gone = int(expunged[1])
                for tag in self.by_number:
                    assert gone not in self.results[tag], "an expunge before its removal"
                    self.results[tag] = [number - (number > gone) for number in self.results[tag]]
            elif update := _UPDATE.match(line):
                self._update(self.results[update[1]], update[3], update[4].split())

    def _update(self, results: list[int], item: bytes, pairs: list[bytes]) -> None:
        for place, packed in zip(pairs[::2], pairs[1::2], strict=True):
            members, at = numbers(packed), int(place)
            if item == b"ADDTO":
                assert not set(members).intersection(results)
                if at:
                    results[at - 1 : at - 1] = members
                else:
                    results[:] = sorted([*results, *members])
            elif at:
                assert results[at - 1 : at - 1 + len(members)] == members
                del results[at - 1 : at - 1 + len(members)]
            else:
                assert set(members) <= set(results)
                results[:] = [number for number in results if number not in members]


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_followed_stays_true(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)
    client, other = await stage.selected(), await stage.selected()
    for number in range(6):
        await client.append(letter_octets(chance.choice("abcxyz"), f"text {number % 3}\r\n"))
    await client.ok("NOOP")
    follower = Follower(client)
    programs = [
        ("UID SEARCH RETURN (UPDATE ALL)", "UNSEEN"),
        ("SEARCH RETURN (UPDATE ALL)", "OR FLAGGED BODY 1"),
        ("SORT RETURN (UPDATE ALL)", "(SUBJECT REVERSE ARRIVAL) UTF-8 UNFLAGGED"),
        ("UID SORT RETURN (UPDATE ALL)", "(REVERSE SUBJECT) UTF-8 NOT BODY 2"),
    ]
    for start, rest in programs:
        await follower.follow(f"{start} {rest}")
    for step in range(25):
        who = chance.choice((client, other))
        flag = chance.choice(("\\Seen", "\\Flagged", "\\Deleted"))
        command = chance.choice((f"STORE 1:{1 + step % 4} {chance.choice('+-')}FLAGS ({flag})", "EXPUNGE", "append"))
        if command == "append":
            await other.append(letter_octets(chance.choice("abcxyz"), f"text {step % 3}\r\n"))
            continue
        heard = await who.ask(command)
        if who is client:
            follower.hear(heard)
    follower.hear(await client.ok("NOOP"))
    for (start, rest), results in zip(programs, follower.results.values(), strict=True):
        found = (await client.ok(f"{start.replace('UPDATE ', '')} {rest}"))[-1]
        all_ = re.search(rb"ALL ([0-9,:]+)", found)
        assert results == (numbers(all_[1]) if all_ else [])


async def test_numbers_mean_what_they_meant(stage: Stage) -> None:
    client, other = await stage.selected(), await stage.selected()
    for _ in range(4):
        await client.append(letter_octets())
    await client.ok("NOOP")
    await other.ok("NOOP")
    await client.ok("UID SEARCH RETURN (UPDATE ALL) 2:3 UNSEEN")
    await other.ok("STORE 1 +FLAGS (\\Deleted)")
    await other.ok("EXPUNGE")
    await other.ok("STORE 1,3 +FLAGS (\\Seen)")
    heard = await client.ok("NOOP")
    assert [line for line in heard if b"ESEARCH" in line] == [b'* ESEARCH (TAG "t8") UID REMOVEFROM (0 2)']


async def test_a_search_that_cannot_be_followed_is_given_up(stage: Stage) -> None:
    client, other = await stage.selected(), await stage.selected()
    await client.append(letter_octets())
    await client.ok("NOOP")
    await client.ok("UID SEARCH RETURN (UPDATE COUNT) BODY words")
    stage.desk.refuse[search_op.search.name] = Code.LIMIT
    await other.ok("NOOP")
    await other.ok("STORE 1 +FLAGS (\\Seen)")
    heard = await client.ask("NOOP")
    assert b'* NO [NOUPDATE "t5"] This search is no longer followed' in heard
    assert heard[-1].startswith(b"OK")


async def test_only_so_many_are_followed(stage: Stage) -> None:
    client = await stage.selected()
    for _ in range(16):
        assert len(await client.ok("SEARCH RETURN (UPDATE COUNT) ALL")) == 1
    heard = await client.ok("SEARCH RETURN (UPDATE COUNT) ALL")
    assert heard[-1].startswith(b"* NO [NOUPDATE")
