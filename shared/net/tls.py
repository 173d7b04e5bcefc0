"""TLS for our listeners: one context, modern suites, and certificate files that may change under it."""

from __future__ import annotations

import os
import ssl
import time
from pathlib import Path

from shared.base.errors import ConfigurationError
from shared.net.certificate import endpoint

RECHECK = 1.0  # seconds between two looks at the certificate files


class ServerContext(ssl.SSLContext):
    """A server's context that takes up a renewed certificate: see `refresh`."""

    cert: str
    key: str
    authority: Path | None  # of clients' certificates
    endpoint: bytes  # channel binding of the certificate in use (RFC 5929 section 4)
    _seen: tuple[int, ...]
    _looked: float

    def refresh(self, *, now: bool = False) -> bool:
        """Load the files again when they changed; looks at most once per `RECHECK`, or ``now``. True if loaded.

        A pair that does not fit (a renewal in mid-flight) leaves the old one in use until the files change again.
        Authorities are only added: who trusts one no more judges the certificates anew, as storage does.
        """
        moment = time.monotonic()
        if not now and moment - self._looked < RECHECK:
            return False
        self._looked = moment
        try:
            seen = _modified(self.cert, self.key, self.authority)
            if seen == self._seen:
                return False
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.cert, self.key)
            binding = endpoint(Path(self.cert))
            if self.authority is not None:
                self.load_verify_locations(cafile=self.authority)
            self.load_cert_chain(self.cert, self.key)
        except (OSError, ssl.SSLError, ValueError):
            return False
        self._seen, self.endpoint = seen, binding
        return True


def server_context(
    cert: str, key: str, alpn: tuple[str, ...] = (), client_authority: Path | None = None
) -> ssl.SSLContext:
    """A context for listeners: TLS 1.2 or newer, AEAD suites with forward secrecy, no renegotiation.

    ``cert`` is a PEM chain, ``key`` its PEM private key. Clients may show a certificate that an authority in the PEM
    file ``client_authority`` signed. Raises `ConfigurationError` when the files cannot be used.
    """
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 1
    if alpn:
        context.set_alpn_protocols(alpn)
    try:
        context.load_cert_chain(cert, key)
        context._seen = _modified(cert, key, client_authority)
        context.endpoint = endpoint(Path(cert))
    except (OSError, ssl.SSLError, ValueError) as error:
        raise ConfigurationError(
            f"{cert} and {key}", "tls.certificate", str(error), "name a PEM chain and its unencrypted private key"
        ) from error
    if client_authority is not None:
        try:
            context.load_verify_locations(cafile=client_authority)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                str(client_authority), "tls.client_authority", str(error), "name a PEM file of authorities"
            ) from error
        context.verify_mode = ssl.CERT_OPTIONAL
    context.cert, context.key, context.authority = cert, key, client_authority
    context._looked = time.monotonic()
    return context


def _modified(*files: str | Path | None) -> tuple[int, ...]:
    return tuple(os.stat(file).st_mtime_ns for file in files if file is not None)
