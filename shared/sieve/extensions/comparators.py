"""``comparator-…`` capabilities: those of the base need no require but may be required (RFC 5228 section 2.7.3)."""

from __future__ import annotations

from shared.sieve.comparators import COMPARATORS
from shared.sieve.registry import Extension

EXTENSIONS = tuple([Extension(f"comparator-{name}") for name in COMPARATORS])
