"""Sieve scripts under test: compile, run, and ask whether a test holds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from shared.sieve.catalogue import REGISTRY
from shared.sieve.limits import DEFAULT, Limits
from shared.sieve.message import Envelope, Message
from shared.sieve.outcome import Action, Outcome, Question
from shared.sieve.run import Context
from shared.sieve.script import Script, compile_script

LETTER = (
    b"Received: from a by b with ESMTP id 2; Wed, 16 Jul 2025 23:30:00 -0700\r\n"
    b"Received: from c by a with ESMTP id 1; Tue, 15 Jul 2025 09:30:00 +0200\r\n"
    b'From: "Ann, A." <Ann+lists@Example.ORG>\r\n'
    b"To: bob@example.org,\r\n carl@example.net\r\n"
    b"Cc: Team: dora@example.com, emil@example.com;\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from  here\r\n"
    b"Date: Tue, 15 Jul 2025 09:30:00 +0200\r\n"
    b"Message-ID: <1@example.org>\r\n"
    b"X-Empty:\r\n"
    b"X-Number: 10 apples\r\n"
    b"\r\n"
    b"Make money fast.\r\n"
)
ENVELOPE = Envelope("ann@example.org", "bob+work@example.net")
NOW = 1_752_564_600.0  # 15 July 2025, 07:30 UTC, a Tuesday


def compiled(script: str, limits: Limits = DEFAULT, *, traced: bool = False) -> Script:
    """The compiled form; ``limits`` those of the engine."""
    return compile_script(script.encode(), REGISTRY, limits, traced=traced)


def outcome(
    script: str,
    letter: bytes = LETTER,
    *,
    envelope: Envelope = ENVELOPE,
    facts: Mapping[Question, str | None] | None = None,
    limits: Limits = DEFAULT,
    traced: bool = False,
    **context: Any,
) -> Outcome:
    """What a script makes of a letter."""
    made = Context(time.monotonic, **{"now": NOW, "user": "bob@example.net", "facts": facts or {}, **context})
    return compiled(script, limits, traced=traced).run(Message(letter), envelope, made, traced=traced)


def actions(script: str, letter: bytes = LETTER, **given: Any) -> tuple[Action, ...]:
    """The actions of a script that must end without an error."""
    result = outcome(script, letter, **given)
    assert result.error is None
    return result.actions


def holds(test: str, *required: str, letter: bytes = LETTER, before: str = "", **given: Any) -> bool:
    """Whether a test is true of a letter."""
    names = ", ".join(f'"{name}"' for name in required)
    require = f"require [{names}];" if names else ""
    return actions(f"{require} {before} if {test} {{ discard; }}", letter, **given) == ()
