"""spamtestplus (RFC 5235 section 2.2): ``spamtest :percent``, from "0" to "100"."""

from __future__ import annotations

from shared.sieve.registry import Extension, TagRow

EXTENSION = Extension("spamtestplus", tags={"spamtest": (TagRow("percent"),)}, implies=("spamtest",))
