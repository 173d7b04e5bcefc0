"""Daily reports on TLS and DMARC, from the sessions and letters they tell of to a sink that reads them."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import trio
from pysqlite3 import dbapi2

from services.delivery.config import DeliverySettings
from services.delivery.reporting.config import ReportingSettings
from services.smtp.judgement.settings import JudgementSettings
from shared.authentication.dkim.verify import Result
from shared.contracts import reports
from shared.contracts.codec import encode
from shared.contracts.reports import DAY, Claim, Count, Counted, Finish, Kind, TlsRow
from shared.mail.headers import collect
from shared.net.dns import Resolver
from shared.net.dns_settings import DnsSettings
from tests.integration.outbound.test_outbound_tls import ANN, STS, Certificates, announce, zone
from tests.integration.outbound.test_sealing import keys
from tests.integration.smtp.test_large_messages import stage_before
from tests.support.authentication import verify
from tests.support.dns import Nameserver, nameserver
from tests.support.outbound_stage import OutboundStage, outbound_stage
from tests.support.policy_server import policy_server
from tests.support.running_storage import running_storage
from tests.support.sink import Received, sink

SETTINGS = DeliverySettings(  # nothing is tried again when a day passes
    poll=0.05,
    first_retry=4.0 * DAY,
    longest_retry=4.0 * DAY,
    reporting=ReportingSettings(interval=0.1, pause=0.02, private_addresses=True, again=1.0),
)
TLS_RECORD = "_smtp._tls.elsewhere.example"
NEXT_DAY = DAY + 5 * 3_600.0
KNOWN = "SELECT coalesce(sum(times), 0) FROM report JOIN report_row ON report_id = report.id WHERE kind = ?"


def lookup(names: Nameserver) -> Resolver:
    return Resolver(DnsSettings(nameservers=(names.address,)))


async def until(holds: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    with trio.fail_after(20):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await trio.sleep(0.05)


async def counted(stage: OutboundStage, kind: Kind, results: int = 1) -> None:
    """Wait until storage knows of so many results, then let their day, and the time after it, pass."""
    with closing(dbapi2.connect(stage.storage.settings.data / "eilpost.db")) as database:

        def there() -> bool:
            (known,) = database.execute(KNOWN, (kind.value,)).fetchone()
            assert known <= results
            return bool(known == results)

        await until(there)
    stage.clock.advance(NEXT_DAY)


def reported(stage: OutboundStage, recipient: str) -> list[Received]:
    return [letter for letter in stage.sink.letters if letter.recipients == (recipient,)]


def attached(message: Message) -> Message:
    """The part that holds the document."""
    text, archive = list(message.walk())[1:]
    assert text.get_content_type() == "text/plain"
    return archive


def opened(message: Message) -> bytes:
    """The document in a report."""
    archive = attached(message)
    packed = archive.get_payload(decode=True)
    assert isinstance(packed, bytes)
    return gzip.decompress(packed)


async def test_tls_is_reported_over_the_broken_tls_that_it_tells_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = Certificates(tmp_path)
    records = zone() | {TLS_RECORD: {"TXT": ['"v=TLSRPTv1; rua=mailto:tls@elsewhere.example"']}}
    async with nameserver(records) as names, sink(certificates.context("wrong.example")) as server:
        options: dict[str, Any] = {"lookup": lookup(names), "server": server, "smarthost": False, "mta_sts": False}
        async with outbound_stage(tmp_path, monkeypatch, settings=SETTINGS, **options) as stage:
            signing = await keys(stage)
            announce(names, server, f"3 0 1 {'00' * 32}")
            assert (await stage.tried(await stage.send(ANN)))[ANN].code == "4.7.5"
            await counted(stage, Kind.TLS)
            await until(lambda: len(reported(stage, "tls@elsewhere.example")) > 0)
        (letter,) = reported(stage, "tls@elsewhere.example")
    assert letter.sender == ""
    (verdict,) = verify(letter.octets, signing, now=int(stage.clock()))
    assert (verdict.result, verdict.domain) == (Result.PASS, "example.org")
    message = message_from_bytes(letter.octets)
    assert message["TLS-Report-Domain"] == "elsewhere.example"
    assert message["TLS-Report-Submitter"] == "example.org"
    assert message["From"] == "example.org <postmaster@example.org>"
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "tlsrpt"
    archive = attached(message)
    assert archive.get_content_type() == "application/tlsrpt+gzip"
    report = json.loads(opened(message))
    begin, end = report["date-range"]["start-datetime"], report["date-range"]["end-datetime"]
    assert (begin[10:], end[10:], begin[:10]) == ("T00:00:00Z", "T23:59:59Z", end[:10])
    name = archive.get_filename() or ""
    assert name.startswith("example.org!elsewhere.example!")
    assert name.endswith(".json.gz")
    assert f"Report-ID: <{report['report-id']}>" in " ".join(str(message["Subject"]).split())
    assert report["contact-info"] == "postmaster@example.org"
    (policy,) = report["policies"]
    assert policy["policy"]["policy-type"] == "tlsa"
    assert policy["policy"]["policy-domain"] == "elsewhere.example"
    assert policy["policy"]["policy-string"] == [f"3 0 1 {'00' * 32}"]
    assert policy["summary"] == {"total-successful-session-count": 0, "total-failure-session-count": 1}
    (details,) = policy["failure-details"]
    assert (details["result-type"], details["failed-session-count"]) == ("validation-failure", 1)
    assert (details["receiving-mx-hostname"], details["receiving-ip"]) == ("mx.elsewhere.example", "127.0.0.1")


@pytest.mark.parametrize(
    ("mode", "certificate", "failure"),
    [
        ("enforce", "mx.elsewhere.example", ""),
        ("enforce", "wrong.example", "certificate-host-mismatch"),
        ("testing", "wrong.example", "certificate-host-mismatch"),
    ],
)
async def test_an_sts_policy_is_reported_over_https(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, certificate: str, failure: str
) -> None:
    certificates = Certificates(tmp_path)
    records = zone() | {"_mta-sts.elsewhere.example": {"TXT": ['"v=STSv1; id=1;"']}}
    text = STS.replace(b"enforce", mode.encode())
    async with (
        policy_server(certificates.context("mta-sts.elsewhere.example", "reports.example"), text) as web,
        nameserver(records) as names,
        sink(certificates.context(certificate)) as server,
    ):
        records["reports.example"] = {"A": ["127.0.0.1"]}
        records[TLS_RECORD] = {"TXT": [f'"v=TLSRPTv1;rua=https://reports.example:{web.port}/tls?v=1"']}
        options: dict[str, Any] = {
            "lookup": lookup(names), "server": server, "smarthost": False, "sts_port": web.port,
            "authority": str(certificates.file),
        }  # fmt: skip
        async with outbound_stage(tmp_path, monkeypatch, settings=SETTINGS, **options) as stage:
            state = (await stage.tried(await stage.send(ANN)))[ANN]
            assert (state.state == "done") == (mode == "testing" or not failure)
            await counted(stage, Kind.TLS)
            await until(lambda: len(web.received) > 0)
    head, _, body = web.received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /tls?v=1 HTTP/1.1\r\n")
    assert collect(head, (b"content-type",), 20)[b"content-type"] == b"application/tlsrpt+gzip"
    (policy,) = json.loads(gzip.decompress(body))["policies"]
    assert policy["policy"]["policy-type"] == "sts"
    assert policy["policy"]["mx-host"] == ["*.elsewhere.example"]
    assert "version: STSv1" in policy["policy"]["policy-string"]
    assert policy["summary"][f"total-{'failure' if failure else 'successful'}-session-count"] == 1
    assert [each["result-type"] for each in policy["failure-details"]] == ([failure] if failure else [])


async def test_who_does_not_ask_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with nameserver(zone()) as names, sink() as server:
        options: dict[str, Any] = {"lookup": lookup(names), "server": server, "smarthost": False, "mta_sts": False}
        async with outbound_stage(tmp_path, monkeypatch, settings=SETTINGS, **options) as stage:
            await keys(stage)
            await stage.settled(await stage.send(ANN))
            await counted(stage, Kind.TLS)
            await until(lambda: (TLS_RECORD, "TXT") in names.asked)
            await trio.sleep(0.3)
            assert [letter.recipients for letter in stage.sink.letters] == [(ANN,)]
            stage.clock.advance(3_600)
            assert not (await stage.storage.bus("delivery").call(reports.claim, Claim("test", 1.0))).report


AUTHOR = "author.example"
DMARC_ZONE = {
    AUTHOR: {"MX": ["10 mx.elsewhere.example."]},
    f"_dmarc.{AUTHOR}": {
        "TXT": [
            f'"v=DMARC1; p=reject; sp=none; adkim=s; rua=mailto:agg@{AUTHOR}!1m,mailto:tiny@{AUTHOR}!10,'
            'mailto:spam@victim.example,mailto:agg@agreed.example"'
        ]
    },
    "agreed.example": {"MX": ["10 mx.elsewhere.example."]},
    "victim.example": {"MX": ["10 mx.elsewhere.example."]},
    f"{AUTHOR}._report._dmarc.agreed.example": {"TXT": ['"v=DMARC1;"']},
}


async def test_case_38_dmarc_is_reported_to_its_owner_and_to_who_agreed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with nameserver(zone() | DMARC_ZONE) as names, trio.open_nursery() as nursery:
        options: dict[str, Any] = {"lookup": lookup(names), "smarthost": False, "mta_sts": False}
        async with outbound_stage(tmp_path, monkeypatch, settings=SETTINGS, **options) as stage:
            signing = await keys(stage)
            smtp = stage_before(
                stage.storage, nursery, judgement=JudgementSettings(trusted_networks=(), dmarc_reports=True)
            )
            smtp.dns.records = {
                (f"_dmarc.{AUTHOR}", "TXT"): [f"v=DMARC1; p=reject; sp=none; adkim=s; rua=mailto:agg@{AUTHOR}"],
                (AUTHOR, "TXT"): ["v=spf1 ip4:192.0.2.7 -all"],
            }
            for sender, remote, reply in (
                (f"x@{AUTHOR}", "192.0.2.7", "250"),
                (f"x@{AUTHOR}", "192.0.2.7", "250"),
                ("x@other.example", "192.0.2.8", "550"),
            ):
                client = smtp.connect(remote=remote)
                await client.greeted()
                await client.send(f"MAIL FROM:<{sender}>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n".encode())
                await client.replies(3)
                said = await client.ask(f"From: a@{AUTHOR}\r\nSubject: <&>\r\n\r\nHi\r\n.")
                assert said.startswith(reply)
            await smtp.tally.flush()
            await counted(stage, Kind.DMARC, 3)
            await until(lambda: len(reported(stage, "agg@agreed.example")) > 0)
            await until(lambda: len(reported(stage, f"agg@{AUTHOR}")) > 0)
            assert not reported(stage, "spam@victim.example")
            assert not reported(stage, f"tiny@{AUTHOR}")
            (letter,) = reported(stage, f"agg@{AUTHOR}")
        nursery.cancel_scope.cancel()
    (verdict,) = verify(letter.octets, signing, now=int(stage.clock()))
    assert verdict.result is Result.PASS
    message = message_from_bytes(letter.octets)
    archive = attached(message)
    assert archive.get_content_type() == "application/gzip"
    assert (archive.get_filename() or "").startswith(f"example.org!{AUTHOR}!")
    check_document(opened(message))


def check_document(document: bytes) -> None:
    names = {"": "urn:ietf:params:xml:ns:dmarc-2.0"}
    report = ElementTree.fromstring(document)
    assert report.tag == "{urn:ietf:params:xml:ns:dmarc-2.0}feedback"
    assert [each.tag.partition("}")[2] for each in report] == [
        "version", "report_metadata", "policy_published", "record", "record",
    ]  # fmt: skip

    def texts(path: str) -> list[str]:
        return [each.text or "" for each in report.findall(path, names)]

    begin, end = (int(texts(f"report_metadata/date_range/{word}")[0]) for word in ("begin", "end"))
    assert (begin % DAY, end - begin) == (0, DAY - 1)
    published = report.find("policy_published", names)
    assert published is not None
    assert {each.tag.partition("}")[2]: each.text for each in published} == {
        "domain": AUTHOR, "discovery_method": "treewalk", "p": "reject", "sp": "none", "adkim": "s", "aspf": "r",
        "testing": "n",
    }  # fmt: skip
    rows = zip(
        texts("record/row/source_ip"),
        texts("record/row/count"),
        texts("record/row/policy_evaluated/disposition"),
        texts("record/row/policy_evaluated/dkim"),
        texts("record/row/policy_evaluated/spf"),
        texts("record/identifiers/envelope_from"),
        texts("record/auth_results/spf/result"),
        strict=True,
    )
    assert sorted(rows) == [
        ("192.0.2.7", "2", "pass", "fail", "pass", AUTHOR, "pass"),
        ("192.0.2.8", "1", "reject", "fail", "fail", "other.example", "none"),
    ]
    assert set(texts("record/identifiers/header_from")) == {AUTHOR}


async def test_one_worker_at_a_time_and_each_sum_once(tmp_path: Path) -> None:
    row, day = encode(TlsRow("no-policy-found")), int(time.time() // DAY) - 2
    async with running_storage(tmp_path) as storage:
        bus = storage.bus("delivery")
        count = Count(
            "key", (Counted(Kind.TLS, day, "a.example", row, 3), Counted(Kind.TLS, day, "b.example", row, 1))
        )
        for _ in range(2):
            await bus.call(reports.count, count)
        await bus.call(reports.count, count._replace(key="other"))
        first = await bus.call(reports.claim, Claim("one", 0.5))
        assert first.elected
        assert not (await bus.call(reports.claim, Claim("two", 0.5))).elected
        assert [each.times for each in first.rows] == [6 if first.domain == "a.example" else 2]
        await bus.call(reports.finish, Finish("two", first.report, first.last))
        again = await bus.call(reports.claim, Claim("one", 0.5))
        assert again.report == first.report
        await bus.call(reports.finish, Finish("one", first.report, first.last, again=2.0**40))
        second = await bus.call(reports.claim, Claim("one", 0.5))
        assert second.domain != first.domain
        await trio.sleep(0.6)
        assert (await bus.call(reports.claim, Claim("two", 5.0))).elected
        await bus.call(reports.finish, Finish("two", second.report, second.last))
        assert not (await bus.call(reports.claim, Claim("two", 5.0))).report
