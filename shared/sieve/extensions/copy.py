"""copy (RFC 3894): ``:copy`` leaves the implicit keep alone."""

from __future__ import annotations

from shared.sieve.registry import Extension, TagRow

_COPY = (TagRow("copy"),)
EXTENSION = Extension("copy", tags={"fileinto": _COPY, "redirect": _COPY})
