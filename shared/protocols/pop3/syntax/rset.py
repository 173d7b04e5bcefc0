"""``RSET`` (RFC 1939 section 5)."""

from __future__ import annotations

from shared.protocols.pop3.numbers import nothing as parse

__all__ = ["parse"]
