"""redirect-deliverby (RFC 6009 section 7): by when a redirected message is to be delivered (RFC 2852)."""

from __future__ import annotations

from shared.sieve.registry import Extension, TagRow, Value

_TAGS = (
    TagRow("bytimerelative", Value.NUMBER, "deliver by"),
    TagRow("bytimeabsolute", Value.STRING, "deliver by"),
    TagRow("bymode", Value.STRING),
    TagRow("bytrace"),
)
EXTENSION = Extension("redirect-deliverby", tags={"redirect": _TAGS})
