"""SASLprep (RFC 4013): names and passwords that look alike are alike, however a keyboard composed them. Pure."""

from __future__ import annotations

import stringprep
import unicodedata

from shared.protocols.errors import ProtocolError

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class Unpreparable(ProtocolError):
    """A text without a prepared form."""


def saslprep(text: str) -> str:
    """The prepared form. Raises `Unpreparable` for prohibited characters, two directions, and nothing at all."""
    mapped = "".join(
        " " if stringprep.in_table_c12(each) else each for each in text if not stringprep.in_table_b1(each)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if not prepared or any(prohibits(each) for each in prepared for prohibits in _PROHIBITED):
        raise Unpreparable("Prohibited characters, or nothing at all")
    if not _one_direction(prepared):
        raise Unpreparable("Text in two directions")
    return prepared


def _one_direction(text: str) -> bool:
    """RFC 3454 section 6."""
    if not any(map(stringprep.in_table_d1, text)):
        return True
    if any(map(stringprep.in_table_d2, text)):
        return False
    return stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
