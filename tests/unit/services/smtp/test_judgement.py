"""What becomes of mail from outside, by what can be known of its sender."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import authres
import pytest

from services.smtp.judgement.settings import JudgementSettings
from shared.authentication.arc.chain import Chain, Status
from shared.authentication.arc.seal import Sealer
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.protocols.dns import TIMEOUT
from tests.support.authentication import NOW, key_pair, sign, split
from tests.support.smtp_stage import SmtpStage, smtp_stage

KEY, KEY_NAME, KEY_RECORD = key_pair("rsa", "bank.example", "s1")
EVIL, EVIL_NAME, EVIL_RECORD = key_pair("ed25519", "attack.example", "s1")
RECORDS: dict[tuple[str, str], Any] = {
    ("7.2.0.192.in-addr.arpa", "PTR"): ["mail.bank.example"],
    ("mail.bank.example", "A"): ["192.0.2.7"],
    ("bank.example", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
    ("_dmarc.bank.example", "TXT"): ["v=DMARC1; p=reject; sp=quarantine"],
    ("attack.example", "TXT"): ["v=spf1 +all"],
    (KEY_NAME, "TXT"): [KEY_RECORD],
    (EVIL_NAME, "TXT"): [EVIL_RECORD],
}
LETTER = b"From: Bank <info@bank.example>\r\nTo: bob@example.org\r\nSubject: Hello\r\nDate: x\r\n\r\nDear Bob.\r\n"
STRANGER = "203.0.113.9"  # an address that bank.example does not send from


@asynccontextmanager
async def judging(**settings: Any) -> AsyncIterator[SmtpStage]:
    async with smtp_stage(judgement=JudgementSettings(**settings)) as stage:
        stage.dns.records.update(RECORDS)
        yield stage


async def hand_in(
    stage: SmtpStage, letter: bytes, *, sender: str = "info@bank.example", remote: str = "192.0.2.7",
    listener: str = "smtp", helo: str = "mail.bank.example",
) -> str:  # fmt: skip
    """The reply to the message."""
    client = stage.connect(listener, remote)
    if listener == "lmtp":
        await client.reply()
        await client.ask("LHLO localhost")
    else:
        await client.greeted(helo)
    await client.send(b"MAIL FROM:<%b>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n" % sender.encode())
    assert [reply[:3] for reply in await client.replies(3)] == ["250", "250", "354"]
    return await client.ask(letter.replace(b"\r\n.", b"\r\n..") + b".")


def results(stage: SmtpStage) -> dict[str, str]:
    """What our Authentication-Results says, method by method; the stored letter begins with it."""
    field, _, rest = stage.storage.letter.body.octets.partition(b"\r\nReceived: ")
    assert rest, "Received follows"
    read = authres.AuthenticationResultsHeader.parse(field.replace(b"\r\n\t", b" ").decode())
    assert read.authserv_id == "mx.example.org"
    return {result.method: result.result for result in read.results}


async def test_mail_of_its_domain_passes() -> None:
    async with judging() as stage:
        assert (await hand_in(stage, sign(LETTER, KEY))).startswith("250 ")
        assert results(stage) == {"iprev": "pass", "spf": "pass", "dkim": "pass", "dmarc": "pass"}
        assert stage.storage.letter.body.octets.endswith(sign(LETTER, KEY)[-len(LETTER) :])
        assert not stage.storage.letter.junk


async def test_a_forged_author_is_refused_as_its_domain_asks() -> None:
    async with judging() as stage:
        said = await hand_in(stage, sign(LETTER, EVIL), sender="x@attack.example", remote=STRANGER)
        assert said == "550 5.7.26 Not authenticated: DMARC policy of bank.example"
        assert not stage.storage.letters


async def test_a_subdomain_goes_to_junk_as_its_domain_asks() -> None:
    async with judging() as stage:
        letter = LETTER.replace(b"@bank.example", b"@news.bank.example")
        assert (await hand_in(stage, letter, sender="x@attack.example", remote=STRANGER)).startswith("250 ")
        assert stage.storage.letter.junk
        assert results(stage)["dmarc"] == "fail"


async def test_spf_alone_leads_to_junk_where_no_policy_decides() -> None:
    async with judging() as stage:
        del stage.dns.records["_dmarc.bank.example", "TXT"]
        assert (await hand_in(stage, LETTER, remote=STRANGER)).startswith("250 ")
        assert stage.storage.letter.junk
        stage.storage.letters.clear()
        assert (await hand_in(stage, sign(LETTER, KEY), remote=STRANGER)).startswith("250 ")
        assert not stage.storage.letter.junk, "a signature that holds outweighs it"


async def test_policies_are_settings() -> None:
    async with judging(dmarc_reject="quarantine", no_author="accept", no_reverse_name="defer") as stage:
        assert (await hand_in(stage, LETTER, sender="x@attack.example", remote="192.0.2.7")).startswith("250 ")
        assert stage.storage.letter.junk
        stage.storage.letters.clear()
        assert (await hand_in(stage, LETTER[1:], remote=STRANGER)).startswith("451 4.7.25")
        with pytest.raises(ValueError, match="spf_fail is one of"):
            JudgementSettings(spf_fail="maybe")


async def test_who_is_trusted_is_not_judged() -> None:
    async with judging(trusted_networks=("203.0.113.0/24",)) as stage:
        for listener, remote in (("smtp", STRANGER), ("lmtp", "127.0.0.1")):
            stage.storage.letters.clear()
            reply = await hand_in(stage, LETTER, sender="x@attack.example", remote=remote, listener=listener)
            assert reply.startswith("250 ")
            assert stage.storage.letter.body.octets.startswith(b"Received: ")
        assert not stage.dns.asked


async def test_dns_that_does_not_answer_refuses_nothing() -> None:
    async with judging() as stage:
        for key in [key for key in RECORDS if key[1] == "TXT"]:
            stage.dns.records[key] = TIMEOUT
        assert (await hand_in(stage, sign(LETTER, KEY))).startswith("250 ")
        found = results(stage)
        assert (found["spf"], found["dkim"], found["dmarc"]) == ("temperror", "temperror", "temperror")
        assert not stage.storage.letter.junk


async def test_trouble_with_the_dns_can_be_a_reason_to_wait() -> None:
    async with judging(dmarc_unsure="defer") as stage:
        stage.dns.records[KEY_NAME, "TXT"] = TIMEOUT
        assert (await hand_in(stage, sign(LETTER, KEY), remote=STRANGER)).startswith("451 4.7.26")


async def test_the_null_sender_is_judged_by_helo() -> None:
    async with judging() as stage:
        stage.dns.records["mail.bank.example", "TXT"] = ["v=spf1 a -all"]
        assert (await hand_in(stage, LETTER, sender="")).startswith("250 ")
        assert results(stage)["spf"] == "pass"
        assert b"smtp.helo=mail.bank.example" in stage.storage.letter.body.octets


async def test_case_33_text_behind_a_limit_proves_nothing() -> None:
    import dkim

    from tests.support.authentication import private_key
    from tests.unit.shared.authentication.test_dkim import pem

    async with judging() as stage:
        field = dkim.sign(LETTER, b"s1", b"bank.example", pem(private_key("rsa")), length=True)
        letter = field + LETTER + b"Buy now!\r\n"
        assert (await hand_in(stage, letter, sender="x@attack.example", remote=STRANGER)).startswith("550 5.7.26")


FORGED = {
    "no From": b"To: bob@example.org\r\n",
    "two From": b"From: info@bank.example\r\nFrom: x@attack.example\r\n",
    "two From, reversed": b"From: x@attack.example\r\nFrom: info@bank.example\r\n",
    "white space before the first": b" From: info@bank.example\r\nFrom: x@attack.example\r\n",
    "white space before the colon": b"From : info@bank.example\r\nFrom: x@attack.example\r\n",
    "another case": b"from: info@bank.example\r\nFROM: x@attack.example\r\n",
    "two addresses": b"From: x@attack.example, info@bank.example\r\n",
    "two addresses in brackets": b"From: <info@bank.example>, <x@attack.example>\r\n",
    "brackets twice": b"From: <info@bank.example><x@attack.example>\r\n",
    "text behind the brackets": b"From: <x@attack.example>info@bank.example\r\n",
    "a route": b"From: <@attack.example,@any.example:info@bank.example>\r\n",
    "a group": b"From: bank:info@bank.example,x@attack.example;\r\n",
    "encoded words": b"From: =?utf-8?b?aW5mb0BiYW5rLmV4YW1wbGU=?= <>, <x@attack.example>\r\n",
    "two at signs": b"From: info@bank.example@attack.example\r\n",
    "a folded name": b"From:\r\n info@bank.example,\r\n x@attack.example\r\n",
}


@pytest.mark.parametrize("name", FORGED)
async def test_case_34_an_author_that_can_be_read_two_ways_is_refused(name: str) -> None:
    async with judging() as stage:
        letter = sign(FORGED[name] + b"Subject: x\r\n\r\ntext\r\n", EVIL)
        if name.startswith("white space before the first"):
            letter = FORGED[name] + b"Subject: x\r\n\r\ntext\r\n"
        said = await hand_in(stage, letter, sender="x@attack.example", remote=STRANGER)
        assert said.startswith("550 5.7.")
        assert not stage.storage.letters


DISGUISED = {
    "HELO is the bank's, the sender null": ("", "bank.example", LETTER),
    "sender in the bank's subdomain": ("x@no.bank.example", "attack.example", LETTER),
    "signature of another domain": ("x@attack.example", "attack.example", sign(LETTER, EVIL)),
    "NUL in the selector": (
        "x@attack.example",
        "attack.example",
        sign(LETTER, EVIL).replace(b"s=s1;", b"s=s1\x7f.attack;").replace(b"d=attack.example", b"d=bank.example"),
    ),
    "d= of the bank, key of the attacker": (
        "x@attack.example",
        "attack.example",
        sign(LETTER, EVIL).replace(b"d=attack.example", b"d=bank.example.attack.example"),
    ),
    "comment in the sender": ('"x(@bank.example"@attack.example', "attack.example", LETTER),
}


@pytest.mark.parametrize("name", DISGUISED)
async def test_case_34_a_forged_domain_never_passes(name: str) -> None:
    sender, helo, letter = DISGUISED[name]
    async with judging(dmarc_reject="accept", no_author="accept") as stage:
        await hand_in(stage, letter, sender=sender, remote=STRANGER, helo=helo)
        assert results(stage)["dmarc"] != "pass"


async def test_case_35_forged_results_are_removed_and_a_signature_over_them_still_holds() -> None:
    forged = b"Authentication-Results: MX.example.org; dmarc=pass header.from=bank.example\r\n"
    other = b"Authentication-Results: other.example; dmarc=pass\r\n"
    async with judging() as stage:
        import dkim

        from tests.support.authentication import private_key
        from tests.unit.shared.authentication.test_dkim import pem

        letter = forged + other + LETTER
        names = [b"from", b"authentication-results", b"authentication-results"]
        field = dkim.sign(letter, b"s1", b"bank.example", pem(private_key("rsa")), include_headers=names)
        assert (await hand_in(stage, field + letter)).startswith("250 ")
        stored = stage.storage.letter.body.octets
        assert forged not in stored
        assert other in stored
        assert stored.count(b"mx.example.org;") == 1
        assert results(stage)["dkim"] == "pass"


async def test_case_7_what_strangers_choose_stays_in_its_place() -> None:
    sender = '"; dmarc=pass (\\\\"@attack.example'
    async with judging(dmarc_reject="accept") as stage:
        assert (await hand_in(stage, LETTER, sender=sender, remote=STRANGER)).startswith("250 ")
        assert results(stage)["dmarc"] == "fail"


async def test_case_38_a_chain_of_trusted_forwarders_outweighs_a_broken_signature() -> None:
    changed = sign(LETTER, KEY).replace(b"Subject: Hello", b"Subject: [list] Hello")
    header, body = split(changed)
    hashes = BodyHashes()
    sealer = Sealer(HeaderFields(header), hashes, EVIL)
    hashes.feed(body)
    hashes.finish()
    sealed = sealer.fields(b"list.example; dmarc=pass", Chain(Status.NONE), NOW) + changed
    for trusted, wanted in (((), "550 "), (("attack.example",), "250 "), (("other.example",), "550 ")):
        async with judging(arc_trusted=trusted) as stage:
            said = await hand_in(stage, sealed, sender="x@attack.example", remote=STRANGER)
            assert said.startswith(wanted)


async def test_the_log_tells_the_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    async with judging() as stage:
        await hand_in(stage, sign(LETTER, KEY))
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "smtp.transaction" in line]
    for word in ("spf=pass", "dkim=pass", "dmarc=pass", "judgement=accept"):
        assert word in line
