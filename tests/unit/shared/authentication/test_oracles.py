"""What dkimpy, pyspf and authres think of the same messages."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any

import authres
import dkim
import pytest
import spf as pyspf

from shared.authentication.arc.chain import Chain, Status
from shared.authentication.arc.seal import Sealer
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.verify import Result
from shared.authentication.results import Method, results_field
from shared.authentication.spf.check import check_host
from tests.support.authentication import NOW, chain, key_pair, private_key, sign, solve, split, verify
from tests.unit.shared.authentication.test_dkim import LETTER, pem

KEYS = {kind: key_pair(kind, "example.org", kind) for kind in ("rsa", "ed25519")}
RECORDS = {(name, "TXT"): [record] for _, name, record in KEYS.values()}
LETTERS = {
    "plain": LETTER,
    "no body": split(LETTER)[0] + b"\r\n",
    "blank lines": LETTER + b"\r\n \t\r\n\r\n",
    "no line end": LETTER + b"last words",
    "spaces": LETTER + b"a  \t b \r\n\tc\r\n",
    "folded": LETTER.replace(b"Is dinner", b"=?utf-8?q?Is?=\r\n\t dinner"),
    "two of a kind": b"Received: a\r\nReceived: b\r\nKeywords: x\r\n" + LETTER,
}


def dns(name: bytes | str, timeout: int = 5) -> bytes | None:
    text = name.decode() if isinstance(name, bytes) else name
    found = RECORDS.get((text.rstrip("."), "TXT"))
    return found[0].encode() if found else None


@pytest.mark.parametrize("name", LETTERS)
def test_dkimpy_verifies_what_we_sign(name: str) -> None:
    for kind in ("rsa", "ed25519"):
        assert dkim.verify(sign(LETTERS[name], KEYS[kind][0]), dnsfunc=dns)


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
def test_we_verify_what_dkimpy_signs(name: str, header: bytes, body: bytes) -> None:
    letter = LETTERS[name]
    rsa = dkim.sign(letter, b"rsa", b"example.org", pem(private_key("rsa")), canonicalize=(header, body))
    seed = b64encode(private_key("ed25519")[-32:])
    ed = dkim.sign(
        letter, b"ed25519", b"example.org", seed, canonicalize=(header, body), signature_algorithm=b"ed25519-sha256"
    )
    assert [verdict.result for verdict in verify(rsa + letter, RECORDS)] == [Result.PASS]
    assert [verdict.result for verdict in verify(ed + letter, RECORDS)] == [Result.PASS]


def seal(letter: bytes, found: Chain) -> bytes:
    header, body = split(letter)
    hashes = BodyHashes()
    sealer = Sealer(HeaderFields(header), hashes, KEYS["rsa"][0])
    hashes.feed(body)
    hashes.finish()
    return sealer.fields(b"mx.example.org; spf=pass smtp.mailfrom=example.org", found, NOW) + letter


def test_dkimpy_and_we_agree_on_the_chains_that_we_seal() -> None:
    letter = LETTER
    for count in range(1, 4):
        letter = seal(letter, chain(letter, RECORDS))
        assert chain(letter, RECORDS).status is Status.PASS
        assert dkim.arc_verify(letter, dnsfunc=dns)[0] == dkim.CV_Pass, count
    broken = letter.replace(b"hungry", b"thirsty")
    assert chain(broken, RECORDS).status is Status.FAIL
    sealed = seal(broken, chain(broken, RECORDS))
    assert chain(sealed, RECORDS).status is Status.FAIL
    assert seal(sealed, chain(sealed, RECORDS)) == sealed, "a chain that failed is not sealed again"


def test_case_38_the_fifty_first_set_fails() -> None:
    letter = LETTER
    for number in range(50):
        letter = seal(letter, chain(letter, RECORDS))
        assert letter.count(b"ARC-Seal:") == number + 1
    assert chain(letter, RECORDS).status is Status.PASS
    assert seal(letter, chain(letter, RECORDS)) == letter
    fields = re.findall(rb"(?:ARC-[^:]+: i=50;(?:.|\r\n[ \t])*\r\n)+", letter)
    more = b"".join(fields).replace(b"i=50;", b"i=51;") + letter
    assert chain(more, RECORDS).why == "more than 50 sets"


ZONES: dict[str, dict[tuple[str, str], Any]] = {
    "ip4": {("example.org", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"]},
    "softfail": {("example.org", "TXT"): ["v=spf1 ip4:198.51.100.0/24 ~all"]},
    "include": {
        ("example.org", "TXT"): ["v=spf1 include:a.example ?all"],
        ("a.example", "TXT"): ["v=spf1 a:mail.example -all"],
        ("mail.example", "A"): ["192.0.2.9"],
    },
    "redirect": {
        ("example.org", "TXT"): ["v=spf1 redirect=_spf.example.org"],
        ("_spf.example.org", "TXT"): ["v=spf1 mx -all"],
        ("_spf.example.org", "MX"): ["mx.example.org"],
        ("mx.example.org", "A"): ["192.0.2.9"],
    },
    "exists": {
        ("example.org", "TXT"): ["v=spf1 exists:%{ir}.%{l1r-}._spf.%{d} -all"],
        ("9.2.0.192.joe._spf.example.org", "A"): ["127.0.0.2"],
    },
    "broken": {("example.org", "TXT"): ["v=spf1 ipv4:192.0.2.9 -all"]},
    "none": {("example.org", "TXT"): ["hello"]},
}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("ip", ["192.0.2.9", "203.0.113.7"])
def test_pyspf_says_the_same(zone: str, ip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    records = ZONES[zone]

    def look_up(name: str, kind: str, *options: object) -> list[tuple[tuple[str, str], Any]]:
        values = records.get((name.rstrip(".").lower(), kind), [])
        if kind == "TXT":
            return [((name, kind), (value.encode(),)) for value in values]
        if kind == "MX":
            return [((name, kind), (10, value)) for value in values]
        return [((name, kind), value) for value in values]

    monkeypatch.setattr(pyspf, "DNSLookup", look_up)
    theirs, _ = pyspf.check2(i=ip, s="joe@example.org", h="mail.example.org")
    ours = solve(check_host(ip, "example.org", "joe@example.org", "mail.example.org"), records)
    assert ours.result.value == theirs


def test_authres_reads_what_we_write() -> None:
    methods = [
        Method("iprev", "pass", [("policy.iprev", "2001:db8::1")], "mail.example.org"),
        Method("spf", "pass", [("smtp.mailfrom", '"odd (name"@example.org')]),
        Method(
            "dkim", "fail", [("header.d", "example.org"), ("header.b", "/gCrinpc")], 'body "was" (changed)\r\nX: y'
        ),
        Method("dmarc", "none", [("header.from", "example.org")]),
    ]
    field = results_field("mx.example.org", methods).decode()
    assert field.count("\r\n") == field.count("\r\n\t") + 1
    read = authres.AuthenticationResultsHeader.parse(field.replace("\r\n", " ").strip())
    assert read.authserv_id == "mx.example.org"
    assert [(result.method, result.result) for result in read.results] == [
        (method.name, method.result) for method in methods
    ]
