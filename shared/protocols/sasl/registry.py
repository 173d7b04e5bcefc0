"""The mechanisms we serve, in the order in which they are advertised."""

from __future__ import annotations

from shared.protocols.sasl.login import Login
from shared.protocols.sasl.mechanism import Mechanism
from shared.protocols.sasl.plain import Plain

MECHANISMS: dict[str, type[Mechanism]] = {kind.name: kind for kind in (Plain, Login)}


def mechanism(name: str) -> Mechanism | None:
    """A fresh mechanism by its name in any case, or None when we do not serve it."""
    kind = MECHANISMS.get(name.upper())
    return kind() if kind else None
