"""Is storage there?"""

from __future__ import annotations

from functools import partial

from services.storage.registry import AnyRow, known
from services.storage.unit_of_work import Asked
from shared.contracts import control
from shared.contracts.control import Ping, Pong


def rows(replica: str) -> tuple[AnyRow, ...]:
    return (known(control.ping, partial(ping, replica)),)


def ping(replica: str, asked: Asked[Ping]) -> Pong:
    """Answered from the loop: that the rooms answer is what readiness says."""
    return Pong(replica)
