from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from shared.net.tls import server_context


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> tuple[str, str]:
    """Paths of a certificate for localhost and of its key."""
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem")


@pytest.fixture
def server(certificate: tuple[str, str]) -> ssl.SSLContext:
    return server_context(*certificate, alpn=("imap",))


@pytest.fixture
def client(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
