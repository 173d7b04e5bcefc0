"""vacation-seconds (RFC 6131): ``:seconds`` in place of ``:days``; zero answers each time. Requires vacation too."""

from __future__ import annotations

from shared.sieve.registry import Extension, TagRow, Value

EXTENSION = Extension(
    "vacation-seconds",
    tags={"vacation": (TagRow("seconds", Value.NUMBER, "period"),)},
    implies=("vacation",),
    for_delivery=True,
)
