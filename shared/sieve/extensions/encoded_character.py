"""encoded-character (RFC 5228 section 2.4.2.4). The compiler decodes strings where it is required."""

from __future__ import annotations

from shared.sieve.registry import Extension

EXTENSION = Extension("encoded-character")
