"""A message made fit for a server that takes less than it holds (RFC 6152 section 3, RFC 3030 section 3).

Part by part, MIME aware: nothing is lost but signatures of others over the former octets. Those are given up rather
than the letter (RFC 6376 section 5.3 asks signers to provide for it; our own are made over what needs no conversion).
A seal of ours comes after this. What no encoding reaches, an 8-bit header for one, stays as it is: the caller refuses
it where it must not go.
"""

from __future__ import annotations

from typing import NamedTuple

from services.delivery.content import Content
from shared.protocols.smtp.client.extensions import Extensions


class Fit(NamedTuple):
    """What to send, and what to say of it."""

    content: Content
    eight_bit: bool = False
    binary: bool = False


async def fit(content: Content, offered: Extensions) -> Fit:
    """``content`` as a server with these extensions takes it. Raises `Unavailable`."""
    takes_eight_bit = "8BITMIME" in offered or "SMTPUTF8" in offered
    whole = content.whole
    if not content.may_be_binary:
        if whole is not None and whole.isascii():
            return Fit(content)
        if takes_eight_bit:
            return Fit(content, eight_bit=True)
    survey = await content.survey()
    if survey.binary:
        if _takes_binary(offered) and survey.carries_binary:
            return Fit(content, eight_bit=survey.eight_bit, binary=True)
        if takes_eight_bit:
            return Fit(content.recoded(survey.lines), eight_bit=survey.eight_bit)
    if takes_eight_bit or not (survey.eight_bit or survey.binary):
        return Fit(content, eight_bit=survey.eight_bit)
    return Fit(content.recoded(survey.seven_bit), eight_bit=not survey.convertible)


def _takes_binary(offered: Extensions) -> bool:
    """PIPELINING too: the chunks of a large message do not wait for their replies."""
    return "BINARYMIME" in offered and "CHUNKING" in offered and "PIPELINING" in offered
