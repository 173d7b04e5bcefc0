"""What is offered on a connection."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.runtime.authentication import Authentication
from shared.runtime.settings import LoginSettings


@pytest.mark.parametrize(
    ("version", "settings", "offered"),
    [
        (None, LoginSettings(), False),
        ("TLSv1.2", LoginSettings(), True),
        ("TLSv1.3", LoginSettings(), False),
        ("TLSv1.3", LoginSettings(plus_on_tls13=True), True),
    ],
)
def test_channels_are_bound_where_clients_know_how(
    version: str | None, settings: LoginSettings, offered: bool
) -> None:
    connection: Any = SimpleNamespace(
        tls=version and SimpleNamespace(version=version),
        channel_bindings={"tls-server-end-point": b"hash"} if version else {},
        client_certificate=b"",
    )
    authentication = Authentication(cast(Any, None), settings, connection)
    assert ("SCRAM-SHA-256-PLUS" in authentication.mechanisms) == offered
