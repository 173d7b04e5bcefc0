from __future__ import annotations

from pathlib import Path

import pytest

from shared.base.errors import ConfigurationError
from shared.runtime.settings import BusSettings, bus_password, load_common


def test_everything_has_a_default() -> None:
    common = load_common(None, {})
    assert common.hostname
    assert common.health.port == 0
    assert common.limits.connections_per_address == 50
    assert common.log.json is None


def test_the_environment_reaches_every_section() -> None:
    common = load_common(
        None,
        {
            "EILPOST_COMMON__HOSTNAME": "mail.example.net",
            "EILPOST_BUS__URL": "nats://a:4222, nats://b:4222",
            "EILPOST_LOG__FORMAT": "json",
            "EILPOST_LIMITS__UNLIMITED_NETWORKS": "10.0.0.0/8",
        },
    )
    assert common.hostname == "mail.example.net"
    assert common.bus.url == ("nats://a:4222", "nats://b:4222")
    assert common.log.json is True
    assert common.limits.unlimited_networks == ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EILPOST_BUS__URL", "http://a"),
        ("EILPOST_BUS__URL", ""),
        ("EILPOST_LOG__FORMAT", "xml"),
        ("EILPOST_HEALTH__PORT", "70000"),
        ("EILPOST_DRAIN__TIMEOUT", "-1"),
        ("EILPOST_LIMITS__CONNECTIONS", "0"),
    ],
)
def test_values_out_of_range_are_refused(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError):
        load_common(None, {variable: value})


def test_the_bus_password_comes_from_the_folder_of_credentials(tmp_path: Path) -> None:
    (tmp_path / "imap.password").write_text("hush\n")
    assert bus_password(BusSettings(credentials=tmp_path), "imap", {}) == "hush"
    assert bus_password(BusSettings(credentials=tmp_path, password="own"), "imap", {}) == "own"
    with pytest.raises(ConfigurationError, match=r"smtp\.password"):
        bus_password(BusSettings(credentials=tmp_path), "smtp", {})
    with pytest.raises(ConfigurationError, match=r"bus\.credentials"):
        bus_password(BusSettings(), "smtp", {})


def test_a_password_is_not_shown() -> None:
    assert "hush" not in repr(BusSettings(password="hush"))
