"""A letter through the containers, and replicas of IMAP that come and go."""

from __future__ import annotations

import imaplib
import smtplib
import ssl

import pytest

from tests.images.composition import ADDRESS, Composition, docker, state
from tests.images.conftest import ACCOUNTS, PASSWORD
from tests.support.house import until

pytestmark = pytest.mark.timeout(900)

REPLICAS = 3
_METRICS = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8080/metrics').read().decode())"


def test_a_letter_goes_in_by_smtp_and_out_by_imap(composition: Composition) -> None:
    with smtplib.SMTP(ADDRESS, 25, timeout=30) as sender:
        letter = f"From: f@example.net\r\nTo: {ACCOUNTS[0]}\r\nSubject: In a container\r\n\r\nIt floats.\r\n"
        assert sender.sendmail("f@example.net", [ACCOUNTS[0]], letter) == {}
    reader = _logged_in(ACCOUNTS[0])
    until(lambda: reader.select()[1] == [b"1"], 15)
    _, found = reader.fetch("1", "(BODY[])")
    assert isinstance(found[0], tuple)
    assert b"Subject: In a container\r\n\r\nIt floats.\r\n" in found[0][1]
    assert b"([10.86.0.1])" in found[0][1]  # the client's own address, which the balancer told
    reader.logout()


def test_a_large_letter_goes_by_way_of_the_object_store(composition: Composition) -> None:
    body = "".join(f"line {number} of a letter too large for the database\r\n" for number in range(10_000))
    with smtplib.SMTP(ADDRESS, 25, timeout=60) as sender:
        letter = f"From: f@example.net\r\nTo: {ACCOUNTS[1]}\r\nSubject: Large\r\n\r\n{body}"
        assert sender.sendmail("f@example.net", [ACCOUNTS[1]], letter) == {}
    reader = _logged_in(ACCOUNTS[1])
    until(lambda: reader.select()[1] == [b"1"], 15)
    _, found = reader.fetch("1", "(BODY[TEXT])")
    assert isinstance(found[0], tuple)
    assert found[0][1] == body.encode()
    reader.logout()


def test_imap_grows_and_one_of_its_replicas_drains(composition: Composition) -> None:
    composition.compose("up", "--detach", "--no-build", "--scale", f"imap={REPLICAS}")
    until(lambda: len(composition.containers("imap")) == REPLICAS, 60)
    until(lambda: set(composition.health().values()) == {"healthy"}, 60, lambda: str(composition.health()))
    sessions = _spread_sessions(composition)
    leaving = sorted(set(sessions.values()))[0]
    docker("kill", "--signal", "TERM", leaving)
    for session in [session for session, container in sessions.items() if container == leaving]:
        said = session.readline()
        assert said.startswith(b"* BYE "), said
        assert session.readline() == b""
    until(lambda: not state(leaving)["State"]["Running"], 60)
    assert state(leaving)["State"]["ExitCode"] == 0
    staying = [session for session, container in sessions.items() if container != leaving]
    assert len(staying) >= REPLICAS - 1
    for session in staying:
        assert session.noop()[0] == "OK"
        session.logout()


def test_storage_grows_and_one_of_its_replicas_drains(composition: Composition) -> None:
    composition.compose("up", "--detach", "--no-build", "--scale", "storage=2")
    until(lambda: len(composition.containers("storage")) == 2, 60)
    until(lambda: set(composition.health().values()) == {"healthy"}, 120, lambda: str(composition.health()))
    one, other = containers = composition.containers("storage")
    large = "".join(f"line {number} of a letter too large for the database\r\n" for number in range(10_000))
    sent = 0

    def both_accept() -> bool:
        nonlocal sent
        _send(ACCOUNTS[2], f"{sent}", large if sent % 4 == 0 else "Small.\r\n")
        sent += 1
        return all(_accepted(container) for container in containers)

    until(both_accept, 120)
    docker("kill", "--signal", "TERM", one)
    for _ in range(4):
        _send(ACCOUNTS[2], f"{sent}", large if sent % 4 == 0 else "Small.\r\n")
        sent += 1
    until(lambda: not state(one)["State"]["Running"], 120)
    assert state(one)["State"]["ExitCode"] == 0
    assert state(other)["State"]["Running"]
    reader = _logged_in(ACCOUNTS[2])
    until(lambda: reader.select()[1] == [b"%d" % sent], 60)
    _, found = reader.fetch("1:*", "(BODY[TEXT])")
    sizes = sorted(len(part[1]) for part in found if isinstance(part, tuple))
    assert sizes == sorted(len(large) if number % 4 == 0 else len("Small.\r\n") for number in range(sent))
    reader.logout()


def _send(recipient: str, subject: str, body: str) -> None:
    with smtplib.SMTP(ADDRESS, 25, timeout=60) as sender:
        letter = f"From: f@example.net\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\n{body}"
        assert sender.sendmail("f@example.net", [recipient], letter) == {}


def _accepted(container: str) -> bool:
    """Whether this process of storage has accepted a letter."""
    return 'eilpost_storage_op_seconds_count{op="spool.accept"}' in docker(
        "exec", container, "python", "-c", _METRICS
    )


def _spread_sessions(composition: Composition) -> dict[imaplib.IMAP4, str]:
    """Sessions on every replica, each of another account, with the container that serves it.

    The balancer notices new replicas by itself, so sessions are opened again until it sent some to each.
    """
    found: dict[imaplib.IMAP4, str] = {}

    def spread() -> bool:
        for session in found:
            session.logout()
        found.clear()
        containers = composition.containers("imap")
        before = {container: _logins(container) for container in containers}
        for account in ACCOUNTS:
            session = _logged_in(account)
            session.select()
            after = {container: _logins(container) for container in containers}
            found[session] = next(each for each in containers if after[each] != before[each])
            before = after
        return set(found.values()) == set(containers)

    until(spread, 90, lambda: str(sorted(found.values())))
    return found


def _logged_in(account: str) -> imaplib.IMAP4:
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    client = imaplib.IMAP4_SSL(ADDRESS, 993, ssl_context=anybody, timeout=30)
    client.login(account, PASSWORD)
    return client


def _logins(container: str) -> float:
    """How many of its sessions have logged in so far."""
    text = docker("exec", container, "python", "-c", _METRICS)
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("eilpost_auth_total{"))
