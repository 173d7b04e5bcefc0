"""How much of a hostile message is looked at. Beyond a limit the structure is cut, never refused.

Together the octet limits keep a summary and an inline body within one bus frame
(`shared.contracts.codec.MAX_FRAME`): that is why a listing of 100,000 addresses or parts ends early.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)  # compared and hashed by identity: it is a key of a hot cache
class Limits:
    """All of them per message, unless said otherwise. Cutting loses nothing of the stored octets."""

    depth: int = 100  # entities inside one another
    parts: int = 10_000  # entities in all
    header: int = 1024 * 1024  # octets of the message's header block that are read
    part_header: int = 64 * 1024  # octets of each further header block that are read
    header_fields: int = 10_000  # of one block
    parameters: int = 100  # of one header field
    boundary: int = 1_000  # octets; RFC 2046 allows 70
    near_misses: int = 100_000  # lines that begin like a boundary and are none
    structure: int = 320_000  # octets of the rendered body structure
    envelope: int = 128 * 1024  # octets of the rendered envelope
    nested_envelope: int = 32 * 1024  # octets of that of each attached message
    field: int = 16 * 1024  # octets of one unstructured field in an envelope or body structure


DEFAULT = Limits()
