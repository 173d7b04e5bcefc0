"""``UTF8`` (RFC 6856 section 2.1)."""

from __future__ import annotations

from shared.protocols.pop3.numbers import nothing as parse

__all__ = ["parse"]
