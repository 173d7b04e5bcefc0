from __future__ import annotations

import json

import pytest

from shared.protocols.sasl.external import External
from shared.protocols.sasl.mechanism import Challenge, Credentials, Malformed
from shared.protocols.sasl.oauth import OauthBearer, Xoauth2


def test_the_example_of_rfc_7628() -> None:
    message = b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmT\x01\x01"
    assert OauthBearer().start(message) == Credentials("", "user@example.com", "vF9dft4qmT")
    later = OauthBearer()
    assert later.start(None) == Challenge(b"")
    assert later.respond(b"n,,\x01auth=bearer abc\x01\x01") == Credentials("", "", "abc")


def test_xoauth2() -> None:
    message = b"user=someuser@example.com\x01auth=Bearer ya29.vF9\x01\x01"
    assert Xoauth2().start(message) == Credentials("", "someuser@example.com", "ya29.vF9")


def test_a_failure_is_told_in_json() -> None:
    assert json.loads(OauthBearer().refused())["status"] == "invalid_token"
    assert json.loads(Xoauth2().refused())["status"] == "401"


@pytest.mark.parametrize(
    "message",
    [b"", b"\x01", b"n,,", b"n,,\x01\x01", b"n,,\x01auth=Basic x\x01\x01", b"p=tls-unique,,\x01auth=Bearer x\x01\x01",
     b"n,,\x01auth=Bearer x", b"n,,\x01auth=Bearer \xff\x01\x01", b"n,,\x01a b=c\x01auth=Bearer x\x01\x01"],
)  # fmt: skip
def test_what_is_no_token(message: bytes) -> None:
    with pytest.raises(Malformed):
        OauthBearer().start(message)
    with pytest.raises(Malformed):
        Xoauth2().start(message)


def test_external_hands_on_the_certificate_and_who_is_wanted() -> None:
    assert External(b"DER").start(b"") == Credentials("", "", "REVS")
    assert External(b"DER").start(b"bob@example.org") == Credentials("", "bob@example.org", "REVS")
