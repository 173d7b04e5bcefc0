"""When batches of UIDs may be asked for again (RFC 10022 section 3.1.1)."""

from __future__ import annotations

from services.imap.batching import PATIENCE, Allowance


def exhausted(uids: range) -> Allowance:
    """One that has answered as many needless questions as it does."""
    allowance = Allowance()
    assert all(allowance.allows(uids, 500, 1, 2) for _ in range(PATIENCE + 1))
    assert not allowance.allows(uids, 500, 1, 2)
    return allowance


def test_more_than_half_a_batch_came() -> None:
    allowance = exhausted(range(1, 1001))
    assert not allowance.allows(range(1, 1251), 500, 1, 3)
    assert allowance.allows(range(1, 1252), 500, 1, 3)


def test_more_than_half_a_batch_went() -> None:
    allowance = exhausted(range(1, 1001))
    assert not allowance.allows(range(251, 1001), 500, 1, 2)
    assert allowance.allows(range(252, 1001), 500, 1, 2)


def test_what_came_does_not_make_up_for_what_went() -> None:
    assert exhausted(range(1, 1001)).allows(range(301, 1301), 500, 1, 2)


def test_batch_after_batch_may_be_asked_for() -> None:
    allowance = Allowance()
    for first in range(1, 1001, 10):  # a client may let ranges overlap by one (section 3.1.5)
        assert allowance.allows(range(1, 500_001), 500, first, first + 10)
    assert all(allowance.allows(range(1, 500_001), 500, 1, 1000) for _ in range(PATIENCE))
    assert not allowance.allows(range(1, 500_001), 500, 400, 401)


def test_other_sizes_are_no_way_around() -> None:
    allowance = exhausted(range(1, 1001))
    assert not allowance.allows(range(1, 1001), 501, 1, 2)
