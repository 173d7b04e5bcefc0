"""index (RFC 5260 section 6): ``:index`` and ``:last`` choose one of several fields of a name."""

from __future__ import annotations

from shared.sieve.registry import Extension, TagRow, Value

_TAGS = (TagRow("index", Value.NUMBER), TagRow("last"))
EXTENSION = Extension("index", tags={"header": _TAGS, "address": _TAGS, "date": _TAGS})
