"""Where addresses end, and which may be accounts."""

from __future__ import annotations

import pytest

from services.storage.rules.addresses import fit_for_account, split_detail
from services.storage.rules.resolution import AccountFact, Facts, resolve
from shared.contracts.directory import Kind


def test_lookalikes_are_no_accounts() -> None:
    assert fit_for_account("paul@example.org")
    assert fit_for_account("павел@example.org")
    assert not fit_for_account("pаul@example.org")


def test_details() -> None:
    assert split_detail("ann+a+b@x.y", "+") == ("ann@x.y", "a+b")
    assert split_detail("+a@x.y", "+") == ("+a@x.y", "")
    assert split_detail("ann+a@x.y", "") == ("ann+a@x.y", "")


FACTS = Facts(
    {"x.y": "", "c.y": "ann@x.y"},
    {
        "ann@x.y": AccountFact(1, "ann@x.y", False, False),
        "full@x.y": AccountFact(2, "full@x.y", True, True),
    },
    {
        "list@x.y": ("ann@x.y", "full@x.y", "far@z.z"),
        "loop@x.y": ("pool@x.y",),
        "pool@x.y": ("loop@x.y",),
        "ann+special@x.y": ("far@z.z",),
        "full@x.y": ("full@x.y",),
        "deep@x.y": ("deep1@x.y",),
        **{f"deep{number}@x.y": (f"deep{number + 1}@x.y",) for number in range(1, 60)},
    },
)


@pytest.mark.parametrize(
    ("address", "kind", "accounts", "forwards"),
    [
        ("ANN@x.y", Kind.LOCAL, (1,), ()),
        ("ann+a@x.y", Kind.LOCAL, (1,), ()),
        ("ann+special@x.y", Kind.LOCAL, (), ("far@z.z",)),
        ("list@x.y", Kind.LOCAL, (1, 2), ("far@z.z",)),
        ("full@x.y", Kind.FULL, (2,), ()),
        ("loop@x.y", Kind.UNKNOWN, (), ()),
        ("deep@x.y", Kind.UNKNOWN, (), ()),
        ("any@c.y", Kind.LOCAL, (1,), ()),
        ("any@x.y", Kind.UNKNOWN, (), ()),
        ("any@z.z", Kind.FOREIGN, (), ()),
        ("nonsense", Kind.FOREIGN, (), ()),
    ],
)
def test_where_addresses_end(address: str, kind: Kind, accounts: tuple[int, ...], forwards: tuple[str, ...]) -> None:
    found = resolve(address, FACTS, "+", 20)
    assert (found.resolution.kind, found.resolution.accounts, found.resolution.forwards) == (kind, accounts, forwards)
    assert found.by_catch_all is (address == "any@c.y")
