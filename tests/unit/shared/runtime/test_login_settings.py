"""What ``[login]`` may say."""

from __future__ import annotations

import pytest

from shared.runtime.settings import LoginSettings, OauthSettings


def test_the_usual() -> None:
    assert LoginSettings().mechanisms == ("PLAIN", "LOGIN", "SCRAM-SHA-256")


@pytest.mark.parametrize(
    ("mechanisms", "oauth", "problem"),
    [
        (("PLAIN", "CRAM-MD5"), OauthSettings(), "CRAM-MD5"),
        (("SCRAM-SHA-256-PLUS",), OauthSettings(), "SCRAM-SHA-256-PLUS"),
        (("OAUTHBEARER",), OauthSettings(), "issuer"),
        (("XOAUTH2",), OauthSettings("keys.json", "https://id.example"), "audience"),
    ],
)
def test_what_makes_no_sense_is_refused(mechanisms: tuple[str, ...], oauth: OauthSettings, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        LoginSettings(mechanisms, oauth=oauth)


def test_verifiers_that_cost_an_attacker_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="scram_iterations"):
        LoginSettings(scram_iterations=1000)
