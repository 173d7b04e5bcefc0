"""subaddress (RFC 5233): ``:user`` and ``:detail`` of ``user+detail@domain``."""

from __future__ import annotations

from shared.sieve.registry import Extension, TagRow

_TAGS = (TagRow("user", None, "address part"), TagRow("detail", None, "address part"))
EXTENSION = Extension("subaddress", tags={"address": _TAGS, "envelope": _TAGS})
