"""``QUIT`` (RFC 1939 sections 4 and 6)."""

from __future__ import annotations

from shared.protocols.pop3.numbers import nothing as parse

__all__ = ["parse"]
