"""What the greeting and CAPABILITY tell (RFC 5804 section 1.7): computed from the engine, the registry's rows and the
session's state."""

from __future__ import annotations

from collections.abc import Iterator

from services.managesieve.context import Context
from shared.protocols.managesieve import responses
from shared.sieve.catalogue import NOTIFY_METHODS, REGISTRY
from shared.sieve.limits import DEFAULT


def pairs(context: Context) -> Iterator[tuple[str, str | None]]:
    """Names with their values, None where there is none."""
    client, login = context.client, context.login
    yield "IMPLEMENTATION", "Eilpost"
    yield "SASL", " ".join(client.mechanisms)
    yield "SIEVE", " ".join(REGISTRY.capabilities)
    yield "NOTIFY", " ".join(NOTIFY_METHODS)
    yield "MAXREDIRECTS", str(DEFAULT.redirects)
    if client.can_start_tls and login is None:
        yield "STARTTLS", None
    if login is not None:
        yield "OWNER", login.address
    yield "UNAUTHENTICATE", None
    yield "VERSION", "1.0"


def greeting(context: Context) -> bytes:
    """The capabilities and an OK, as they are told unasked."""
    return responses.capabilities(pairs(context)) + responses.ok("Eilpost is ready")
