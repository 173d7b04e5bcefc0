"""The postmaster is always somebody (RFC 5321 section 4.5.1), and only as much as he must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.storage.rules.postmaster import Appointed, candidates, is_postmaster
from services.storage.rules.resolution import AccountFact, Facts, resolve
from shared.contracts.directory import Kind

ANN, BOB = (AccountFact(number, f"{name}@x.y", False, False) for number, name in enumerate(("ann", "bob"), 1))
FACTS = Facts(
    {"x.y": "", "c.y": "bob@x.y", "other.z": ""},
    {"ann@x.y": ANN, "bob@x.y": BOB},
    first_domain="x.y",
    postmasters=candidates(Appointed(), "x.y", "ann@x.y"),
)


@pytest.mark.parametrize(
    ("address", "separator", "is_his"),
    [
        ("postmaster", "+", True),
        ("PostMaster@X.y", "+", True),
        ("postmaster+reports@x.y", "+", True),
        ("postmaster+reports@x.y", "", False),
        ("postmasters@x.y", "+", False),
        ("x@postmaster", "+", False),
        ("postmaster@x.y@z", "+", False),
        ("", "+", False),
    ],
)
def test_who_is_called_so(address: str, separator: str, is_his: bool) -> None:
    assert is_postmaster(address, separator) is is_his


@pytest.mark.parametrize("address", ["postmaster", "Postmaster@x.y", "postmaster@OTHER.z", "postmaster+a@x.y"])
def test_without_any_word_the_first_account_stands_in(address: str) -> None:
    found = resolve(address, FACTS, "+", 20)
    assert (found.resolution.kind, found.resolution.addresses) == (Kind.LOCAL, ("ann@x.y",))
    assert found.by_catch_all, "to read it is no leave to write under it"


def test_alone_he_is_of_the_first_domain() -> None:
    assert resolve("POSTMASTER", FACTS, "+", 20).resolution.address == "postmaster@x.y"
    assert resolve("postmaster", Facts(), "+", 20).resolution.kind is Kind.FOREIGN


@pytest.mark.parametrize("target", ["bob@x.y", "bob@far.example"])
def test_who_is_named_for_a_domain_reads_its_mail_alone(target: str) -> None:
    facts = replace(FACTS, aliases={"postmaster@other.z": (target,)})
    found = resolve("postmaster@other.z", facts, "+", 20).resolution
    assert (found.addresses or found.forwards) == (target,)
    assert resolve("postmaster@x.y", facts, "+", 20).resolution.addresses == ("ann@x.y",)
    assert resolve("postmaster@c.y", facts, "+", 20).resolution.addresses == ("bob@x.y",), "its catch-all goes before"


@pytest.mark.parametrize(
    ("appointed", "aliases", "reader"),
    [
        (Appointed("bob@x.y", ("ann@x.y",)), {"postmaster@x.y": ("ann@x.y",)}, "bob@x.y"),
        (Appointed("", ("ann@x.y",)), {"postmaster@x.y": ("bob@x.y",)}, "bob@x.y"),
        (Appointed("", ("bob@x.y",)), {}, "bob@x.y"),
        (Appointed("gone@x.y", ("bob@x.y",)), {}, "bob@x.y"),
    ],
)
def test_whom_the_house_names_stands_in(
    appointed: Appointed, aliases: dict[str, tuple[str, ...]], reader: str
) -> None:
    facts = replace(FACTS, aliases=aliases, postmasters=candidates(appointed, "x.y", "ann@x.y"))
    assert resolve("postmaster@other.z", facts, "+", 20).resolution.addresses == (reader,)


def test_a_house_without_accounts_knows_nobody() -> None:
    facts = Facts({"x.y": ""}, first_domain="x.y", postmasters=candidates(Appointed(), "x.y", ""))
    assert resolve("postmaster", facts, "+", 20).resolution.kind is Kind.UNKNOWN


def test_nobody_stands_in_for_others_or_elsewhere() -> None:
    assert resolve("hostmaster@x.y", FACTS, "+", 20).resolution.kind is Kind.UNKNOWN
    assert resolve("postmaster@far.example", FACTS, "+", 20).resolution.kind is Kind.FOREIGN
