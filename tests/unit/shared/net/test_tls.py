from __future__ import annotations

import os
import ssl
import time
from pathlib import Path

import pytest
import trustme

from shared.base.errors import ConfigurationError
from shared.net import tls
from shared.net.certificate import not_after
from shared.net.tls import ServerContext, server_context


def served(context: ssl.SSLContext, client: ssl.SSLContext) -> bytes | None:
    """The certificate that ``context`` shows to a client, without a network between them."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    for side in (theirs, ours) * 3:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return theirs.getpeercert(binary_form=True)


def test_only_modern_suites_are_offered(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    names = {suite["name"] for suite in server.get_ciphers()}
    assert names
    assert all("GCM" in name or "CHACHA20" in name for name in names)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert served(server, client) is not None


def test_a_renewed_certificate_is_taken_up(
    authority: trustme.CA,
    certificate: tuple[str, str],
    client: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tls, "RECHECK", 0.0)
    context = server_context(*certificate)
    assert isinstance(context, ServerContext)
    before = served(context, client)
    assert not context.refresh()

    renewed = authority.issue_cert("localhost")
    renewed.cert_chain_pems[0].write_to_path(certificate[0])
    later = time.time() + 10
    os.utime(certificate[0], (later, later))
    assert not context.refresh(), "a certificate without its key is not taken up"
    assert served(context, client) == before

    renewed.private_key_pem.write_to_path(certificate[1])
    assert context.refresh()
    after = served(context, client)
    assert after not in (None, before)
    assert not context.refresh()


def test_the_files_are_looked_at_once_a_second(certificate: tuple[str, str]) -> None:
    context = server_context(*certificate)
    assert isinstance(context, ServerContext)
    os.utime(certificate[0], (1, 1))
    assert not context.refresh()


def test_a_certificate_that_vanishes_stays_in_use(
    certificate: tuple[str, str], client: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "RECHECK", 0.0)
    context = server_context(*certificate)
    assert isinstance(context, ServerContext)
    Path(certificate[0]).unlink()
    assert not context.refresh()
    assert served(context, client) is not None


def test_files_that_cannot_be_used_are_named(certificate: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.pem"):
        server_context(str(tmp_path / "none.pem"), certificate[1])
    with pytest.raises(ConfigurationError, match=r"tls\.certificate"):
        server_context(certificate[1], certificate[1])


def test_the_end_of_a_certificate_is_read(certificate: tuple[str, str], client: ssl.SSLContext) -> None:
    from cryptography import x509

    expected = x509.load_pem_x509_certificate(Path(certificate[0]).read_bytes()).not_valid_after_utc
    assert not_after(Path(certificate[0])) == expected.timestamp()


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_has_no_end(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.pem"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"substring|certificate"):
        not_after(path)


def test_who_asks_now_need_not_wait_for_the_next_look(authority: trustme.CA, certificate: tuple[str, str]) -> None:
    context = server_context(*certificate)
    assert isinstance(context, ServerContext)
    renewed = authority.issue_cert("localhost")
    renewed.cert_chain_pems[0].write_to_path(certificate[0])
    renewed.private_key_pem.write_to_path(certificate[1])
    assert not context.refresh()
    assert context.refresh(now=True)


def test_an_authority_that_was_added_is_known(
    authority: trustme.CA, certificate: tuple[str, str], tmp_path: Path
) -> None:
    known = tmp_path / "clients.pem"
    authority.cert_pem.write_to_path(known)
    context = server_context(*certificate, client_authority=known)
    assert isinstance(context, ServerContext)
    trustme.CA().cert_pem.write_to_path(known, append=True)
    os.utime(known, (1, 1))
    assert context.refresh(now=True)
    assert len(context.get_ca_certs()) == 2
