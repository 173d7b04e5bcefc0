"""Random commands from several sessions in two processes, held against a naive model of the mailbox.

``EILPOST_MODEL_SEEDS`` says how many games are played (``make model``: 1,000), ``EILPOST_MODEL_FIRST`` from which on.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import trio
import trio.testing

from services.imap.columns import unpack
from shared.bus.faults import NO_FAULTS, FaultPlan, Faults
from shared.contracts import mailboxes
from shared.contracts.mailboxes import PageRequest
from tests.support.storage import GRANT
from tests.unit.services.imap.model import Truth
from tests.unit.services.imap.player import ENABLED, Player
from tests.unit.services.imap.stage import Front, Stage, open_store, stage_settings

FIRST = int(os.environ.get("EILPOST_MODEL_FIRST", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("EILPOST_MODEL_SEEDS", "20")))
TURNS = 60
LOSSY = FaultPlan(event=Faults(drop=0.2, double=0.2, delay=0.05, reorder=0.2, slowest=0.05))
CONVERGED = 2.0  # seconds after the last change


class Game:
    """Two processes, a few sessions in both, one mailbox."""

    def __init__(self, nursery: trio.Nursery, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.store = open_store(folder)
        self.stage = Stage(nursery, self.store, stage_settings(), None)
        other = Front(nursery, self.stage.broker.connect("imap", "j"), stage_settings(), None)
        self.fronts = (self.stage, other)
        self.truth = Truth()
        self.players: list[Player] = []

    async def enter(self) -> None:
        for number in range(self.chance.randint(2, 4)):
            dialect = self.chance.choice(list(ENABLED))
            self.players.append(await Player.enter(self.fronts[number % 2], self.truth, self.chance, dialect))

    def agree(self) -> None:
        """Take for true what is in storage: with notices lost, who expunges does not know yet what was \\Deleted."""
        page = self.store.call(mailboxes.page, PageRequest(GRANT, 1, 0, 1000))
        sets = {number: frozenset(names) for number, names in page.flagsets}
        uids, flagsets = unpack("I", page.rows.uids), unpack("I", page.rows.flagsets)
        self.truth.messages = {uid: sets[number] for uid, number in zip(uids, flagsets, strict=True)}
        self.truth.uidnext = page.uidnext

    async def play(self, turns: int) -> None:
        for _ in range(turns):
            await self.chance.choice(self.players).act()

    async def settle(self) -> None:
        await trio.testing.wait_all_tasks_blocked(0.001)
        for player in self.players:
            await player.settled()


async def play(game: Game, *, rounds: int = 3) -> None:
    await game.enter()
    for _ in range(rounds):
        await game.play(TURNS // rounds)
        await game.settle()


@pytest.mark.parametrize("seed", SEEDS)
async def test_sessions_are_told_the_truth(nursery: trio.Nursery, tmp_path: Path, seed: int) -> None:
    game = Game(nursery, tmp_path, seed)
    try:
        with trio.fail_after(60):
            await play(game)
    except Exception as error:
        raise AssertionError(f"seed {seed}: {error}\n{transcript(game)}") from error
    finally:
        game.store.close()


def transcript(game: Game) -> str:
    """The last commands of each session."""
    return "\n".join(f"{player.dialect}: {' | '.join(player.log[-12:])}" for player in game.players)


@pytest.mark.parametrize("seed", range(5))
async def test_sessions_of_two_replicas_converge_though_the_bus_loses_events(
    nursery: trio.Nursery, tmp_path: Path, seed: int
) -> None:
    """20 % of events are dropped, 20 % doubled, 20 % overtaken; two seconds after the last change all is told."""
    game = Game(nursery, tmp_path, seed)
    await game.enter()
    for player in game.players:
        player.agree = game.agree
    for _ in range(2):
        game.stage.broker.faults = LOSSY
        await game.play(40)
        await trio.sleep(CONVERGED)
        game.stage.broker.faults = NO_FAULTS
        await game.settle()
    game.store.close()
