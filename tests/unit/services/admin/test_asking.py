"""How the command line reaches a bus that speaks TLS under an authority of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trustme

from services.admin.asking import administrator
from shared.base.errors import ConfigurationError
from tests.support.broker import PASSWORDS, nats_server


@pytest.mark.parametrize("scheme", ["wss", "tls"])
@pytest.mark.parametrize("account", ["admin", "backup"])
async def test_the_authority_of_the_settings_is_believed(tmp_path: Path, scheme: str, account: str) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / f"{account}.password").write_text(PASSWORDS[account])
    async with nats_server(tmp_path, certificate=str(certificate), key=str(key)) as server:
        port = server.websocket_port if scheme == "wss" else server.client_port
        config = tmp_path / "eilpost.toml"
        config.write_text(f'[bus]\nurl = ["{scheme}://127.0.0.1:{port}"]\ncredentials = "."\nauthority = "ca.pem"\n')
        async with administrator(config, account) as bus:
            with trio.fail_after(60):
                await bus.wait_connected()


async def test_an_authority_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "admin.password").write_text("secret")
    config = tmp_path / "eilpost.toml"
    config.write_text('[bus]\nurl = ["wss://127.0.0.1:1"]\ncredentials = "."\nauthority = "ca.pem"\n')
    with pytest.raises(ConfigurationError, match=r"bus\.authority"):
        async with administrator(config):
            pass
