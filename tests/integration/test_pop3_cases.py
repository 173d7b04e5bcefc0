"""Case 49 of the abuse cases, against processes that are killed for real."""

from __future__ import annotations

import os
import poplib
import signal

import pytest

from tests.integration.mail import PASSWORD, letter, new_account, send, wait_messages
from tests.support.house import House, until

pytestmark = pytest.mark.integration


def filled(house: House, count: int) -> str:
    """An account with so many letters."""
    address = new_account(house, "drop")
    for number in range(count):
        send(house, address, letter(address, f"letter {number}", ".dot\r\n..two\r\n"))
    wait_messages(house, address, count)
    return address


def log_in(house: House, address: str) -> poplib.POP3:
    client = poplib.POP3("localhost", house.ports["pop3"], timeout=20)
    client.user(address)
    client.pass_(PASSWORD)
    return client


def in_again(house: House, address: str) -> poplib.POP3:
    """Logged in as soon as the lock of the last session is gone."""
    found: list[poplib.POP3] = []

    def entered() -> bool:
        try:
            found.append(log_in(house, address))
        except (poplib.error_proto, OSError):
            return False
        return True

    until(entered, 20, lambda: "no login")
    return found[0]


def kill(house: House, service: str) -> None:
    """SIGKILL all processes of a service, and wait until others have taken their place."""
    pids = set(house.pids(service))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: bool(found := set(house.pids(service))) and not found & pids, 20, lambda: "not restarted")


def test_case_49_what_was_not_said_quit_to_stays(house: House) -> None:
    address = filled(house, 2)
    client = log_in(house, address)
    client.dele(1)
    client.close()
    assert in_again(house, address).stat()[0] == 2


def test_case_49_quit_after_dele_survives_kill(house: House) -> None:
    address = filled(house, 2)
    client = log_in(house, address)
    client.dele(1)
    client.quit()
    kill(house, "storage")
    assert in_again(house, address).stat()[0] == 1


def test_case_49_a_second_session_is_told_to_wait(house: House) -> None:
    address = filled(house, 1)
    first = log_in(house, address)
    with pytest.raises(poplib.error_proto, match=r"\[IN-USE\]"):
        log_in(house, address)
    assert first.stat()[0] == 1
    first.quit()


def test_case_49_dots_are_stuffed_and_unique_ids_stay(house: House) -> None:
    address = filled(house, 2)
    client = log_in(house, address)
    assert client.retr(1)[1][-2:] == [b".dot", b"..two"]
    before = client.uidl()[1]
    client.quit()
    kill(house, "pop3")
    kill(house, "storage")
    assert in_again(house, address).uidl()[1] == before
