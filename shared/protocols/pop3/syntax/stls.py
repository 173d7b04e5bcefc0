"""``STLS`` (RFC 2595 section 4)."""

from __future__ import annotations

from shared.protocols.pop3.numbers import nothing as parse

__all__ = ["parse"]
