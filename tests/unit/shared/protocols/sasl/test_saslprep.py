"""SASLprep: the examples of RFC 4013 section 3, and what has no prepared form."""

from __future__ import annotations

import pytest

from shared.protocols.sasl.saslprep import Unpreparable, saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("pa\u0308ss", "p\u00e4ss"),
        ("\u0627", "\u0627"),
    ],
)
def test_prepared(text: str, prepared: str) -> None:
    assert saslprep(text) == prepared
    assert saslprep(prepared) == prepared


@pytest.mark.parametrize("text", ["", "\u00ad", "\x07", "a\x7f", "\u0627\u0031", "\u0627a\u0627", "\ud800", "\ue000"])
def test_without_prepared_form(text: str) -> None:
    with pytest.raises(Unpreparable):
        saslprep(text)
