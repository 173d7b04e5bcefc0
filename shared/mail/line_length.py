"""Lines as long as other servers take them (RFC 5321 section 4.5.3.1.6, RFC 5322 section 2.1.1)."""

from __future__ import annotations

import re

from shared.mail.recoding import UNKNOWN, recoded
from shared.mail.survey import LINE, Survey

_SIGNED = re.compile(rb"^dkim-signature[ \t]*:|multipart/signed", re.IGNORECASE | re.MULTILINE)


def with_short_lines(octets: bytes) -> bytes:
    """A whole message whose parts with lines beyond the limit are encoded.

    It stays as it is where there are none, and where somebody has signed it: to him we leave what he vouches for.
    """
    if max(map(len, octets.split(b"\n"))) <= LINE + 1 or _SIGNED.search(octets):  # the CR counts here
        return octets
    survey = Survey()
    survey.feed(octets)
    survey.finish()
    return recoded(octets, survey.short_lines, charset=UNKNOWN if survey.eight_bit else "us-ascii")
