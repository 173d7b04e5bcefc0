"""SCRAM against the whole installation, through Python's clients: each protocol, with and without channel binding."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from socket import socket

import pytest

from tests.integration.mail import PASSWORD, trusting
from tests.support.house import DOMAIN, House
from tests.support.scram import ScramClient

pytestmark = pytest.mark.integration

BOB = f"scram@{DOMAIN}"


@pytest.fixture(scope="module")
def account(house: House) -> str:
    """One with verifiers: made from a password in clear."""
    house.eilpost("user", "add", BOB, "--password-stdin", stdin=PASSWORD)
    return BOB


def client(kind: str, sock: socket | None, password: str = PASSWORD) -> ScramClient:
    """The client's side of SCRAM-SHA-256, bound to ``sock`` as ``kind`` says."""
    if kind == "":
        return ScramClient(BOB, password)
    assert isinstance(sock, ssl.SSLSocket)
    bound = sock.get_channel_binding("tls-unique") if kind == "tls-unique" else sha256(_certificate(sock)).digest()
    return ScramClient(BOB, password, header=f"p={kind},,", binding=bound or b"")


def _certificate(sock: ssl.SSLSocket) -> bytes:
    certificate = sock.getpeercert(True)
    assert certificate
    return certificate


def answers(scram: ScramClient) -> Iterator[Callable[[bytes], bytes]]:
    """What the client says to one challenge after the other."""
    yield lambda _: scram.first
    yield scram.final
    yield lambda octets: b"" if scram.verified(octets) else b"*"


def context(house: House, kind: str) -> ssl.SSLContext:
    """Channels are bound up to TLS 1.2 unless the installation says otherwise."""
    made = trusting(house)
    if kind:
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


def name(kind: str) -> str:
    return "SCRAM-SHA-256-PLUS" if kind else "SCRAM-SHA-256"


KINDS = ["", "tls-server-end-point", "tls-unique"]


@pytest.mark.parametrize("kind", KINDS)
def test_imap(house: House, account: str, kind: str) -> None:
    with imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=context(house, kind)) as imap:
        assert ("AUTH=SCRAM-SHA-256-PLUS" in imap.capabilities) == bool(kind)
        said = answers(client(kind, imap.sock))
        imap.authenticate(name(kind), lambda challenge: next(said)(challenge))
        assert imap.select()[0] == "OK"


@pytest.mark.parametrize("kind", KINDS)
def test_submission(house: House, account: str, kind: str) -> None:
    with smtplib.SMTP("localhost", house.ports["submission"]) as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["auth"].split() == ["PLAIN", "LOGIN", "SCRAM-SHA-256"]
        smtp.starttls(context=context(house, kind))
        smtp.ehlo()
        assert ("SCRAM-SHA-256-PLUS" in smtp.esmtp_features["auth"]) == bool(kind)
        assert isinstance(smtp.sock, ssl.SSLSocket)
        scram = client(kind, smtp.sock)
        code, challenge = smtp.docmd(f"AUTH {name(kind)} {b64encode(scram.first).decode()}")
        assert code == 334
        code, challenge = smtp.docmd(b64encode(scram.final(b64decode(challenge))).decode())
        assert code == 334
        assert scram.verified(b64decode(challenge))
        assert smtp.docmd("")[0] == 235


@pytest.mark.parametrize("kind", KINDS)
def test_pop3(house: House, account: str, kind: str) -> None:
    pop = poplib.POP3_SSL("localhost", house.ports["pop3s"], context=context(house, kind))
    assert ("SCRAM-SHA-256-PLUS" in pop.capa()["SASL"]) == bool(kind)
    scram = client(kind, pop.sock)
    first = _say(pop, f"AUTH {name(kind)} {b64encode(scram.first).decode()}")
    final = _say(pop, b64encode(scram.final(b64decode(first[2:]))).decode())
    assert scram.verified(b64decode(final[2:]))
    assert _say(pop, "").startswith(b"+OK")
    pop.quit()


def _say(pop: poplib.POP3, line: str) -> bytes:
    """A line of POP3, and the line that answers, "+ " included."""
    assert pop.sock is not None
    pop.sock.sendall(line.encode() + b"\r\n")
    answer: bytes = pop.file.readline()
    return answer.rstrip(b"\r\n")


def test_case_29_a_wrong_password_and_a_channel_of_another(house: House, account: str) -> None:
    with imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=context(house, "tls-unique")) as imap:
        for scram, expected in (
            (client("tls-server-end-point", imap.sock, "wrong"), "AUTHENTICATIONFAILED"),
            (ScramClient(BOB, PASSWORD, header="p=tls-server-end-point,,", binding=b"x" * 32), "malformed"),
        ):
            said = answers(scram)
            with pytest.raises(imaplib.IMAP4.error, match=expected):
                imap.authenticate("SCRAM-SHA-256-PLUS", lambda challenge: next(said)(challenge))  # noqa: B023
