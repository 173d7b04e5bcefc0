from __future__ import annotations

from services.delivery.outbound.destination import Destination
from services.delivery.outbound.parcel import Consignment, Parcel
from services.delivery.outbound.routes import NextHop
from shared.contracts.spool import Letter

HOP = NextHop("example.net", 25, True, "may")
LETTER = Letter("1", 1, "", "ann@example.org", 0.0, 1, "", False, ())


def with_waiting(count: int) -> Destination:
    destination = Destination(HOP, first_window=2, widest_window=20)
    for _ in range(count):
        destination.add(Parcel(Consignment(LETTER, 0.0), HOP, LETTER.sender, ()))
    return destination


def staffed(destination: Destination) -> int:
    """How many workers it takes on."""
    while destination.wants_worker:
        destination.workers += 1
        destination.beginning += 1
    return destination.workers


def test_first_window_until_something_is_known() -> None:
    assert staffed(with_waiting(100)) == 2
    assert staffed(with_waiting(1)) == 1


def test_a_connection_more_only_where_it_pays() -> None:
    destination = with_waiting(100)
    destination.opened(0.5)
    for _ in range(40):
        destination.succeeded(0.1)
    assert staffed(destination) == 6  # five of them would still be busy for as long as four openings take


def test_a_slow_server_gets_as_many_as_its_window_allows() -> None:
    destination = with_waiting(100)
    destination.opened(0.1)
    for _ in range(5):
        destination.succeeded(2.0)
    assert staffed(destination) == 7
    destination.failed()
    assert not destination.wants_worker


def test_one_that_nobody_serves_is_always_worth_a_connection() -> None:
    destination = with_waiting(1)
    destination.opened(10.0)
    destination.succeeded(0.001)
    assert staffed(destination) == 1
