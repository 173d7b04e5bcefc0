from __future__ import annotations

import pytest

from shared.net.limits import Admission, ConnectionLimits, contains, is_outside, networks


def test_an_address_gets_its_share_and_no_more() -> None:
    admission = Admission(ConnectionLimits(connections_per_address=2))
    first, second = admission.admit("192.0.2.1"), admission.admit("192.0.2.1")
    assert first is not None
    assert second is not None
    assert admission.admit("192.0.2.1") is None
    assert admission.admit("192.0.2.2") is not None
    admission.release(first)
    assert admission.admit("192.0.2.1") is not None


def test_an_ipv6_network_of_64_bits_counts_as_one() -> None:
    admission = Admission(ConnectionLimits(connections_per_address=1))
    assert admission.admit("2001:db8:1:2::1") is not None
    assert admission.admit("2001:db8:1:2:ffff::1") is None
    assert admission.admit("2001:db8:1:3::1") is not None


def test_an_unlimited_network_has_no_cap() -> None:
    admission = Admission(ConnectionLimits(connections_per_address=1, unlimited_networks=("10.0.0.0/8",)))
    assert all(admission.admit("10.1.2.3") is not None for _ in range(100))


def test_nothing_is_remembered_of_addresses_without_connections() -> None:
    admission = Admission(ConnectionLimits())
    for number in range(1_000):
        key = admission.admit(f"10.0.{number // 256}.{number % 256}")
        assert key is not None
        admission.release(key)
    assert admission.held.empty


def test_a_peer_without_an_address_is_in_no_network() -> None:
    assert not contains(networks(["0.0.0.0/0"]), "")
    assert contains(networks(["0.0.0.0/0"]), "192.0.2.1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"connections": 0},
        {"connections_per_address": 0},
        {"unlimited_networks": ("10.0.0.1/8",)},
        {"handshake_timeout": 0.0},
    ],
)
def test_senseless_limits_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        ConnectionLimits(**wrong)  # type: ignore[arg-type]


def test_a_peer_without_an_address_is_no_stranger() -> None:
    trusted = networks(("127.0.0.0/8", "fe80::/10"))
    assert [is_outside(trusted, host) for host in ("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1")] == [True] * 3
    assert [is_outside(trusted, host) for host in ("127.0.0.1", "fe80::1%eth0", "", "unix")] == [False] * 4
