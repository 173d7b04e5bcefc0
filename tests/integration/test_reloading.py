"""Certificates and secrets change under a running installation; nobody who is connected notices."""

from __future__ import annotations

import imaplib
import os
import signal
import smtplib
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.integration.mail import PASSWORD, letter, new_account, send, wait_messages
from tests.support.house import House, running_house, until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def own_house() -> Iterator[House]:
    """Its files are changed: nobody else's."""
    with running_house(replicas={"imap": 2, "smtp": 2}) as started:
        yield started


def renew(house: House, authority: trustme.CA) -> bytes:
    """Put another certificate in the place of the present one; the new one."""
    issued = authority.issue_cert("localhost")
    folder = house.data / "tls"
    issued.cert_chain_pems[0].write_to_path(folder / "certificate.new")
    issued.private_key_pem.write_to_path(folder / "key.new")
    os.replace(folder / "key.new", folder / "key.pem")
    os.replace(folder / "certificate.new", folder / "certificate.pem")
    return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())


def trusting(*files: Path, authority: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for file in files:
        context.load_verify_locations(cafile=file)
    if authority is not None:
        authority.configure_trust(context)
    return context


def logged_in(house: House, address: str, context: ssl.SSLContext) -> imaplib.IMAP4_SSL:
    client = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=context, timeout=20)
    client.login(address, PASSWORD)
    return client


def shown(client: imaplib.IMAP4_SSL) -> bytes | None:
    assert isinstance(client.sock, ssl.SSLSocket)
    return client.sock.getpeercert(True)


def starttls_shows(house: House, port: str, context: ssl.SSLContext) -> bytes | None:
    with smtplib.SMTP("localhost", house.ports[port], timeout=20) as client:
        client.starttls(context=context)
        found: bytes | None = client.sock.getpeercert(True)  # type: ignore[union-attr]
        return found


def test_case_72_a_new_certificate_is_shown_while_old_sessions_go_on(own_house: House) -> None:
    house, address = own_house, new_account(own_house)
    authority = trustme.CA()
    both = trusting(house.authority, authority=authority)
    old = [logged_in(house, address, both) for _ in range(4)]
    before = shown(old[0])
    new = renew(house, authority)
    until(lambda: starttls_shows(house, "smtp", both) == new, 10)
    until(lambda: all(shown(logged_in(house, address, both)) == new for _ in range(8)), 10)
    assert before != new
    for client in old:
        assert client.noop()[0] == "OK"
        assert client.select("INBOX")[0] == "OK"
        assert shown(client) == before


def test_case_72_sighup_shows_the_new_certificate_at_once(own_house: House) -> None:
    house, address, authority = own_house, new_account(own_house), trustme.CA()
    context = trusting(authority=authority)
    new = renew(house, authority)
    pids = {service: house.pids(service) for service in ("smtp", "imap", "storage", "delivery", "broker")}
    hang_up(house)
    assert all(shown(logged_in(house, address, context)) == new for _ in range(4))
    assert starttls_shows(house, "submission", context) == new
    assert {service: house.pids(service) for service in pids} == pids, "nobody was started anew"


def hang_up(house: House) -> None:
    """SIGHUP to the master; returns when all that listen to it have said so."""

    def heard() -> int:
        return house.log.read_text().count("process.reloaded")

    before, services = heard(), [name for name in house.development["processes"] if name != "broker"]
    expected = sum(len(house.pids(name)) for name in services)
    os.kill(int(house.development["master"]), signal.SIGHUP)
    until(lambda: heard() >= before + expected, 10, lambda: house.log.read_text()[-3000:])


def test_passwords_of_the_bus_change_while_clients_go_on(own_house: House) -> None:
    house, address = own_house, new_account(own_house)
    client = imaplib.IMAP4("localhost", house.ports["imap"], timeout=30)
    client.login(address, PASSWORD)
    secrets = house.data / "secrets"
    stop, refused = threading.Event(), []

    def use() -> None:
        while not stop.is_set():
            status, text = client.status("INBOX", "(MESSAGES)")
            if status != "OK":
                refused.append(text)

    user = threading.Thread(target=use)
    user.start()
    try:
        for file in secrets.iterdir():
            file.write_text(f"renewed-{file.stem}-{os.urandom(8).hex()}")
        hang_up(house)
        send(house, address, letter(address))
        wait_messages(house, address, 1)
    finally:
        stop.set()
        user.join(30)
    assert refused == []
    assert client.select("INBOX") == ("OK", [b"1"])
    house.eilpost("status")
