"""``LISTSCRIPTS`` (RFC 5804 section 2.7)."""

from __future__ import annotations

from shared.protocols.managesieve.arguments import nothing as parse

__all__ = ["parse"]
