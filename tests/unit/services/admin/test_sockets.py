"""Sockets bound by the master."""

from __future__ import annotations

import socket

import pytest

from services.admin.master.sockets import Address, bind_all
from shared.base.errors import StartError


def test_a_port_in_use_is_said_in_one_line_and_nothing_stays_bound() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as probe:
            free = probe.getsockname()[1]
        with pytest.raises(StartError, match=rf"^listener imap: .*{port}.*in use$"):
            bind_all([Address("smtp", "127.0.0.1", free), Address("imap", "127.0.0.1", port)])
        socket.create_server(("127.0.0.1", free)).close()


def test_bound_sockets_are_inheritable_and_listen() -> None:
    bound = bind_all([Address("smtp", "127.0.0.1", 0)])
    listening = bound["smtp"]
    assert listening.get_inheritable()
    socket.create_connection(listening.getsockname()).close()
    listening.close()
