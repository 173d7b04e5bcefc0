"""mime (RFC 5703 section 4): header, address and exists on the fields of a MIME part."""

from __future__ import annotations

from shared.sieve.registry import Extension, TagRow, Value

_PARTS = (TagRow("mime"), TagRow("anychild"))
_OPTIONS = (
    TagRow("type", None, "mime option"),
    TagRow("subtype", None, "mime option"),
    TagRow("contenttype", None, "mime option"),
    TagRow("param", Value.STRINGS, "mime option"),
)
EXTENSION = Extension("mime", tags={"header": _PARTS + _OPTIONS, "address": _PARTS, "exists": _PARTS})
