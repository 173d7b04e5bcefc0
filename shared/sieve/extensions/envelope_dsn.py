"""envelope-dsn (RFC 6009 section 4): "notify", "ret", "orcpt" and "envid" of `envelope`, where they are."""

from __future__ import annotations

from shared.sieve.registry import Extension

EXTENSION = Extension("envelope-dsn", implies=("envelope",))
