"""How brokers are known: by the authority that the settings name, else by those that the system trusts."""

from __future__ import annotations

import ssl
from contextlib import suppress

from shared.base.errors import ConfigurationError
from shared.runtime.settings import BusSettings


class BrokerTrust:
    """Read again whenever it is asked for. Making it raises `ConfigurationError`; asking does not."""

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings
        self._last = _context(settings)

    def __call__(self) -> ssl.SSLContext | None:
        """As it is now; as it was last where it cannot be read. None where no broker speaks TLS."""
        with suppress(ConfigurationError):
            self._last = _context(self._settings)
        return self._last


def _context(settings: BusSettings) -> ssl.SSLContext | None:
    if not any(url.startswith(("wss://", "tls://")) for url in settings.url):
        return None
    try:
        return ssl.create_default_context(cafile=settings.authority)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            str(settings.authority), "bus.authority", str(error), "name a PEM file with the authority's certificate"
        ) from error
