"""Ways to log in that are off by default, switched on in a whole installation: tokens, certificates, SCRAM-SHA-1,
APOP."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from os import urandom
from pathlib import Path
from time import time

import pytest
import trustme

from tests.integration.mail import PASSWORD
from tests.support.house import DOMAIN, House, running_house
from tests.support.scram import ScramClient
from tests.unit.services.storage.rules.test_tokens import POLICY, key_set, token

pytestmark = pytest.mark.integration

BOB, ANN = f"bob@{DOMAIN}", f"ann@{DOMAIN}"
CERTIFIED = f"carol@{DOMAIN}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """Who signs our users' certificates, and its file."""
    made = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "users.pem"
    made.cert_pem.write_to_path(str(path))
    return made, path


@pytest.fixture(scope="module")
def open_house(authority: tuple[trustme.CA, Path]) -> Iterator[House]:
    keys = authority[1].with_name("keys.json")
    keys.write_text(key_set())
    settings = (
        '\n[login]\nmechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "OAUTHBEARER", "XOAUTH2", "EXTERNAL"]\n'
        f'[login.oauth]\nkeys = "{keys}"\nissuer = "{POLICY.issuer}"\naudience = "{POLICY.audience}"\n'
    )
    secret = authority[1].with_name("apop.key")
    secret.write_bytes(urandom(32))
    environment = {
        "EILPOST_TLS__CLIENT_AUTHORITY": str(authority[1]),
        "EILPOST_POP3__APOP": "true",
        "EILPOST_STORAGE__LOGIN__APOP_KEY": str(secret),
    }
    with running_house(settings=settings, environment=environment) as house:
        for address in (BOB, ANN, CERTIFIED):
            house.eilpost("user", "add", address, "--password-stdin", stdin=PASSWORD)
        yield house


def bearer(text: str, username: str = BOB) -> bytes:
    return f"n,{f'a={username}' if username else ''},\x01host=localhost\x01auth=Bearer {text}\x01\x01".encode()


def xoauth2(text: str, username: str = BOB) -> bytes:
    return f"user={username}\x01auth=Bearer {text}\x01\x01".encode()


def good(address: str = BOB) -> str:
    return token(exp=time() + 300, email=address)


def test_tokens_by_imap(open_house: House) -> None:
    with imaplib.IMAP4("localhost", open_house.ports["imap"]) as imap:
        assert {"AUTH=OAUTHBEARER", "AUTH=XOAUTH2", "AUTH=SCRAM-SHA-1"} <= set(imap.capabilities)
        assert "AUTH=EXTERNAL" not in imap.capabilities
        for wrong in (token(exp=time() - 3600, email=BOB), good(ANN)):
            said = iter([bearer(wrong), b"\x01"])
            with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
                imap.authenticate("OAUTHBEARER", lambda _: next(said))  # noqa: B023 - it ends before the next
        imap.authenticate("OAUTHBEARER", lambda _: bearer(good()))
        assert imap.select()[0] == "OK"


def test_tokens_by_submission(open_house: House) -> None:
    with smtplib.SMTP("localhost", open_house.ports["submission"]) as smtp:
        smtp.ehlo()
        code, challenge = smtp.docmd("AUTH", f"XOAUTH2 {b64encode(xoauth2('no token')).decode()}")
        assert code == 334
        assert b"status" not in challenge  # it is base64
        assert smtp.docmd("")[0] == 535
        assert smtp.docmd("AUTH", f"XOAUTH2 {b64encode(xoauth2(good())).decode()}")[0] == 235
        assert smtp.mail(BOB)[0] == 250


def test_tokens_by_pop3(open_house: House) -> None:
    pop = poplib.POP3("localhost", open_house.ports["pop3"])
    assert {"OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-1"} <= set(pop.capa()["SASL"])
    line = f"AUTH OAUTHBEARER {b64encode(bearer(good())).decode()}\r\n".encode()
    pop.sock.sendall(line)
    assert pop.file.readline().startswith(b"+OK")
    pop.quit()


def test_tokens_by_managesieve(open_house: House) -> None:
    with (
        socket.create_connection(("localhost", open_house.ports["managesieve"]), 10) as sock,
        sock.makefile("rb") as file,
    ):
        while not file.readline().startswith(b"OK"):
            pass
        sock.sendall(b'AUTHENTICATE "OAUTHBEARER" "%b"\r\nLISTSCRIPTS\r\n' % b64encode(bearer(good(), "")))
        assert file.readline().startswith(b"OK")
        assert file.readline().startswith(b"OK")


def test_apop_for_the_account_that_has_it(open_house: House) -> None:
    def apop(password: str = PASSWORD) -> bytes:
        pop = poplib.POP3("localhost", open_house.ports["pop3"])
        answer = pop.apop(ANN, password)
        pop.quit()
        return answer

    with pytest.raises(poplib.error_proto, match="AUTH"):
        apop()
    open_house.eilpost("user", "password", ANN, "--password-stdin", "--apop", stdin=PASSWORD)
    assert apop().startswith(b"+OK")
    with pytest.raises(poplib.error_proto, match="AUTH"):
        apop("wrong")
    open_house.eilpost("user", "set", ANN, "--no-apop")
    with pytest.raises(poplib.error_proto, match="AUTH"):
        apop()


def test_scram_sha_1_where_it_is_wanted(open_house: House) -> None:
    with imaplib.IMAP4("localhost", open_house.ports["imap"]) as imap:
        scram = ScramClient(BOB, PASSWORD, digest="sha1")
        said: Iterator[Callable[[bytes], bytes]] = iter(
            [lambda _: scram.first, scram.final, lambda octets: b"" if scram.verified(octets) else b"*"]
        )
        imap.authenticate("SCRAM-SHA-1", lambda challenge: next(said)(challenge))


def _context(house: House, shown: trustme.LeafCert | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(house.authority))
    if shown is not None:
        shown.configure_cert(context)
    return context


def test_a_certificate_is_a_login(open_house: House, authority: tuple[trustme.CA, Path]) -> None:
    port = open_house.ports["imaps"]
    with imaplib.IMAP4_SSL("localhost", port, ssl_context=_context(open_house, None)) as imap:
        assert "AUTH=EXTERNAL" not in imap.capabilities
    shown = _context(open_house, authority[0].issue_cert(CERTIFIED))
    with imaplib.IMAP4_SSL("localhost", port, ssl_context=shown) as imap:
        assert "AUTH=EXTERNAL" in imap.capabilities
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            imap.authenticate("EXTERNAL", lambda _: BOB.encode())
        imap.authenticate("EXTERNAL", lambda _: b"")
        assert imap.select()[0] == "OK"


def test_a_certificate_of_a_stranger_is_none(open_house: House) -> None:
    shown = _context(open_house, trustme.CA().issue_cert(CERTIFIED))
    with pytest.raises((ssl.SSLError, OSError, imaplib.IMAP4.error)):
        imaplib.IMAP4_SSL("localhost", open_house.ports["imaps"], ssl_context=shown).noop()
