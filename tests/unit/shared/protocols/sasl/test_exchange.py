from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.errors import ProtocolError
from shared.protocols.sasl.exchange import LIMIT, Exchange, encoded
from shared.protocols.sasl.mechanism import Abort, Challenge, Credentials, Malformed
from shared.protocols.sasl.registry import MECHANISMS, Channel, mechanism

word = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=40)


def exchange(name: str) -> Exchange:
    found = mechanism(name, tuple(MECHANISMS), Channel())
    assert found is not None
    return Exchange(found)


@given(authzid=st.one_of(st.just(""), word), username=word, password=word)
def test_plain_yields_what_was_sent_with_or_without_initial_response(
    authzid: str, username: str, password: str
) -> None:
    line = b64encode(f"{authzid}\0{username}\0{password}".encode())
    assert exchange("plain").start(line) == Credentials(authzid, username, password)
    later = exchange("PLAIN")
    assert later.start(None) == Challenge(b"")
    assert later.respond(line) == Credentials(authzid, username, password)


@given(username=word, password=word)
def test_login_asks_for_both_and_takes_an_initial_user_name(username: str, password: str) -> None:
    user, secret = b64encode(username.encode()), b64encode(password.encode())
    asked = exchange("login")
    first = asked.start(None)
    assert isinstance(first, Challenge)
    assert encoded(first) == b"VXNlcm5hbWU6"
    assert asked.respond(user) == Challenge(b"Password:")
    assert asked.respond(secret) == Credentials("", username, password)
    short = exchange("login")
    assert short.start(user) == Challenge(b"Password:")
    assert short.respond(secret) == Credentials("", username, password)


@pytest.mark.parametrize(
    "line",
    [
        b"AHVzZXIA",
        b"AABwYXNz",
        b"dXNlcg==",
        b"AGEAYgBj",
        b"AP8AeA==",
        b"!!!!",
        b"AGEAYg==junk",
        b"AGEAYg",
        b"=AGEAYg=",
    ],
)
def test_plain_refuses_what_is_not_two_nuls_around_a_user_name(line: bytes) -> None:
    with pytest.raises(Malformed):
        exchange("PLAIN").start(line)


def test_the_client_may_abort() -> None:
    asked = exchange("PLAIN")
    asked.start(None)
    with pytest.raises(Abort):
        asked.respond(b"*")


def test_an_exchange_has_a_limit_over_all_its_lines() -> None:
    with pytest.raises(Malformed, match="too long"):
        exchange("PLAIN").start(b"A" * (LIMIT + 4))
    asked = exchange("LOGIN")
    asked.start(None)
    asked.respond(b"YWFh" * (LIMIT // 8))
    with pytest.raises(Malformed, match="too long"):
        asked.respond(b"YWFh" * (LIMIT // 8 + 1))


@given(
    name=st.sampled_from(("PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2")),
    initial=st.none() | st.binary(),
    lines=st.lists(st.binary(), max_size=4),
)
def test_arbitrary_bytes_raise_only_protocol_errors(name: str, initial: bytes | None, lines: list[bytes]) -> None:
    asked = exchange(name)
    try:
        asked.start(initial)
        for line in lines:
            asked.respond(line)
    except ProtocolError:
        pass


def test_a_password_never_shows_in_a_representation() -> None:
    assert "secret" not in repr(Credentials("", "alice", "secret"))


def test_an_unknown_mechanism_is_none() -> None:
    assert mechanism("CRAM-MD5") is None
