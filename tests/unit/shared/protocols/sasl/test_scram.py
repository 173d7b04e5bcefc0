"""SCRAM from the server's side: the examples of the RFCs, channel binding, and all that must fail."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.sasl.mechanism import (
    Challenge,
    Malformed,
    Mechanism,
    Parameters,
    Proof,
    Question,
    SaslError,
)
from shared.protocols.sasl.registry import USUAL, Channel, mechanism, offered
from shared.protocols.sasl.scram import ScramSha1, ScramSha256, ScramSha256Plus

BINDINGS = {"tls-server-end-point": b"hash of a certificate", "tls-unique": b"finished"}
PARAMETERS = Parameters(b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"


def test_the_example_of_rfc_7677() -> None:
    scram = ScramSha256({})
    assert scram.start(FIRST) == Question("user")
    first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    assert scram.told(PARAMETERS) == Challenge(first)
    without = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    proof = b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    evidence = scram.respond(without + b",p=" + proof)
    message = b"n=user,r=rOprNGfwEbeRWgbNEkqO," + first + b"," + without
    assert evidence == Proof("", "user", message, PARAMETERS.nonce, b64decode(proof))
    signature = b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert scram.accepted(signature) == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_the_example_of_rfc_5802() -> None:
    scram = ScramSha1({})
    assert scram.start(b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL") == Question("user")
    assert scram.told(Parameters(b64decode("QSXCR+Q6sek8bf92"), 4096, "3rfcNHYJY1ZVvWVs7j")) == Challenge(
        b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
    )


def test_names_are_written_as_saslnames_and_identities_stand_apart() -> None:
    scram = ScramSha256({})
    assert scram.start(b"n,a=boss,n=a=2Cb=3Dc,r=x") == Question("a,b=c")
    scram.told(PARAMETERS)
    evidence = scram.respond(b"c=" + b64encode(b"n,a=boss,") + b",r=x" + PARAMETERS.nonce.encode() + b",p=eA==")
    assert isinstance(evidence, Proof)
    assert (evidence.authzid, evidence.username) == ("boss", "a,b=c")


def bound(scram: Mechanism, header: bytes, data: bytes) -> object:
    assert isinstance(scram.start(header + b"n=user,r=x"), Question)
    scram.told(PARAMETERS)
    return scram.respond(b"c=" + b64encode(header + data) + b",r=x" + PARAMETERS.nonce.encode() + b",p=eA==")


@pytest.mark.parametrize("name", BINDINGS)
def test_case_29_a_channel_is_bound_by_its_own_data_alone(name: str) -> None:
    header = b"p=" + name.encode() + b",,"
    assert isinstance(bound(ScramSha256Plus(BINDINGS), header, BINDINGS[name]), Proof)
    with pytest.raises(Malformed):
        bound(ScramSha256Plus(BINDINGS), header, b"another channel")
    with pytest.raises(Malformed):
        bound(ScramSha256Plus(BINDINGS), header, b"")


@pytest.mark.parametrize("header", [b"n,,", b"y,,", b"p=tls-exporter,,", b"p=,,", b"p,,", b"q,,"])
def test_case_29_plus_wants_a_channel_that_we_know(header: bytes) -> None:
    with pytest.raises(Malformed):
        ScramSha256Plus(BINDINGS).start(header + b"n=user,r=x")


def test_case_29_a_stripped_offer_of_plus_is_noticed() -> None:
    with pytest.raises(Malformed):
        ScramSha256(BINDINGS).start(b"y,,n=user,r=x")
    with pytest.raises(Malformed):
        ScramSha256(BINDINGS).start(b"p=tls-unique,,n=user,r=x")
    assert isinstance(ScramSha256({}).start(b"y,,n=user,r=x"), Question)


@pytest.mark.parametrize(
    "final",
    [
        b"c=biws,r=other,p=eA==",
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO,p=eA==",
        b"c=eSws,r=NONCE,p=eA==",
        b"c=biws,r=NONCE",
        b"c=biws,r=NONCE,p=!",
        b"r=NONCE,c=biws,p=eA==",
        b"",
    ],
)
def test_case_29_a_final_message_that_does_not_fit(final: bytes) -> None:
    scram = ScramSha256({})
    scram.start(FIRST)
    scram.told(PARAMETERS)
    with pytest.raises(Malformed):
        scram.respond(final.replace(b"NONCE", b"rOprNGfwEbeRWgbNEkqO" + PARAMETERS.nonce.encode()))


@pytest.mark.parametrize(
    "first",
    [b"", b"n,,", b"n,,n=user", b"n,,m=ext,n=user,r=x", b"n,b=x,n=user,r=x", b"n,,n=,r=x", b"n,,n=a=2c,r=x",
     b"n,,n=user,r=", b"n,,n=user,r=a\x01", b"n,,n=\0,r=x", b"n,,n=\xff,r=x"],
)  # fmt: skip
def test_a_first_message_that_is_none(first: bytes) -> None:
    with pytest.raises(Malformed):
        ScramSha256({}).start(first)


@given(st.lists(st.binary(max_size=200) | st.sampled_from([FIRST, b"c=biws,r=x,p=eA=="]), max_size=4), st.booleans())
def test_octets_raise_nothing_but_sasl_errors(responses: list[bytes], plus: bool) -> None:
    scram = ScramSha256Plus(BINDINGS) if plus else ScramSha256({})
    step = scram.start(None)
    try:
        for response in responses:
            if isinstance(step, Question):
                step = scram.told(PARAMETERS)
            if isinstance(step, Proof):
                break
            step = scram.respond(response)
    except SaslError:
        pass


def test_what_is_offered_follows_from_the_connection() -> None:
    assert offered(USUAL, Channel()) == ("PLAIN", "LOGIN", "SCRAM-SHA-256")
    assert offered(USUAL, Channel(BINDINGS)) == ("PLAIN", "LOGIN", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")
    assert offered(("EXTERNAL", "PLAIN"), Channel()) == ("PLAIN",)
    assert offered(("EXTERNAL", "PLAIN"), Channel(certificate=b"DER")) == ("EXTERNAL", "PLAIN")
    assert mechanism("SCRAM-SHA-1") is None
    assert mechanism("scram-sha-256-plus", USUAL, Channel(BINDINGS)) is not None
    assert mechanism("SCRAM-SHA-256-PLUS") is None
