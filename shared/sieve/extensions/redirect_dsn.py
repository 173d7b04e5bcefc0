"""redirect-dsn (RFC 6009 section 6): which delivery status notifications a redirected message asks for."""

from __future__ import annotations

from shared.sieve.registry import Extension, TagRow, Value

EXTENSION = Extension(
    "redirect-dsn", tags={"redirect": (TagRow("notify", Value.STRING), TagRow("ret", Value.STRING))}
)
