"""Judgement at SMTP time: everything that can be known of a message from outside, before its 250.

1. Questions are asked while the message still comes in, so that the answers are there at its end; with a warm cache
   nothing waits.
2. The header that is judged is the one that came; what is stored has lost forged results, and nothing else.
3. The body passes by once, whatever the number of signatures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import time

import trio

from services.smtp.judgement.clamav import Clamav
from services.smtp.judgement.findings import Findings
from services.smtp.judgement.policy import Decision, decide
from services.smtp.judgement.rspamd import SCORE, Rspamd
from services.smtp.judgement.scanning import Envelope, Scan, Scanner
from services.smtp.judgement.settings import Action, JudgementSettings
from services.smtp.judgement.telling import told
from services.smtp.policy.header import separator
from services.smtp.policy.verdict import Unacceptable
from services.smtp.transaction import Transaction
from shared.authentication import iprev
from shared.authentication.arc.chain import ChainVerifier
from shared.authentication.author import NoAuthor, author_domain
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.verify import Result as DkimResult
from shared.authentication.dkim.verify import Verifier
from shared.authentication.dmarc import check as dmarc
from shared.authentication.results import results_field, without_forged
from shared.authentication.spf.check import check_host
from shared.authentication.spf.record import Result as SpfResult
from shared.base.ip import reverse_name
from shared.mail.address import AddressError, canonical_domain
from shared.mail.headers import select
from shared.net.dns import Resolver
from shared.net.limits import is_outside, networks
from shared.protocols.dns import Inquiry, Question
from shared.runtime.tally import Tally


class Judge:
    """``hostname`` names us in Authentication-Results; questions ahead of time are asked in ``nursery``.

    ``tally`` counts what the owners of domains are told.
    """

    def __init__(
        self,
        settings: JudgementSettings,
        hostname: str,
        dns: Resolver,
        nursery: trio.Nursery,
        tally: Tally | None = None,
    ) -> None:
        self.settings = settings
        self.tally = tally
        self.hostname = hostname
        self.dns = dns
        self._nursery = nursery
        self._trusted = networks(settings.trusted_networks)
        self._scanners: list[Scanner] = []
        if settings.rspamd.url:
            self._scanners.append(Rspamd(settings.rspamd))
        if settings.clamav.address:
            self._scanners.append(Clamav(settings.clamav))

    def is_judged(self, client: str) -> bool:
        """Whether mail from this address is judged; what has no address comes from this machine."""
        return self.settings.enabled and is_outside(self._trusted, client)

    async def examine(self, client: str, helo: str, transaction: Transaction, header: bytes) -> Examination:
        """Begin with the message whose header is complete."""
        client = client.partition("%")[0]
        envelope = Envelope(client, helo, transaction.mail.sender, tuple(transaction.recipients), transaction.letter)
        scans = [Scan(scanner, envelope) for scanner in self._scanners]
        examination = Examination(self, envelope, transaction, header, scans)
        for question in examination.questions():
            if self.dns.kept(question) is None:
                self._nursery.start_soon(self.dns.ask, question)
        for scan in scans:
            await scan.see(header + b"\r\n")
        return examination


class Examination:
    """One message under judgement. ``header`` is what to store of its header block."""

    def __init__(
        self, judge: Judge, envelope: Envelope, transaction: Transaction, header: bytes, scans: Sequence[Scan]
    ) -> None:
        self._judge = judge
        self._scans = scans
        self._transaction = transaction
        self._hashes = BodyHashes()
        fields = HeaderFields(b"" if separator(header) else header)
        self._dkim = Verifier(fields, self._hashes, int(time()))
        self._arc = ChainVerifier(fields, self._hashes)
        self.header = without_forged(header, judge.hostname)
        if scans and SCORE in header.lower():
            self.header = select(self.header, (SCORE,), exclude=True)
        self.findings = Findings(envelope.client, envelope.helo, envelope.sender)
        try:
            self.findings.author = author_domain(fields)
        except NoAuthor as error:
            self.findings.no_author = str(error)
        self._responsible = _domain(envelope.sender.rpartition("@")[2] or envelope.helo)

    def questions(self) -> Iterator[Question]:
        """What is going to be asked for sure."""
        yield Question(reverse_name(self.findings.client), "PTR")
        if self._responsible:
            yield Question(self._responsible, "TXT")
        if self.findings.author:
            yield Question(f"_dmarc.{self.findings.author}", "TXT")
        yield from self._dkim.questions()
        yield from self._arc.questions()

    async def see(self, octets: bytes) -> None:
        """The next octets of the body."""
        self._hashes.feed(octets)
        for scan in self._scans:
            await scan.see(octets)

    async def aclose(self) -> None:
        """The message came to nothing."""
        for scan in self._scans:
            await scan.aclose()

    async def conclude(self) -> bytes:
        """The body is complete: the field to stand before the message. Raises `Unacceptable`."""
        self._hashes.finish()
        await self._judge.dns.follow_within(self._find_out(), self._judge.settings.timeout)
        opinions = {scan.name: await scan.opinion() for scan in self._scans}
        decision = decide(self.findings, self._judge.settings, opinions.values())
        words = {name: opinion.word for name, opinion in opinions.items()}
        self._transaction.verdicts = {**self.findings.words(), **words, "judgement": decision.action.value}
        if self._judge.tally is not None and (row := told(self.findings, decision.action)) is not None:
            self._judge.tally.dmarc(self.findings.dmarc.policy_domain, row)
        _enforce(decision)
        self._transaction.junk = decision.action is Action.QUARANTINE
        fields = [opinion.fields for opinion in opinions.values()]
        return b"".join([results_field(self._judge.hostname, list(self.findings.methods())), *fields])

    def _find_out(self) -> Inquiry[None]:
        """Each check in turn. If time runs out, those that did not end stay unsure."""
        findings = self.findings
        if not findings.author:  # an address literal has no policy, nobody has none either
            why = findings.no_author
            findings.dmarc = dmarc.Verdict(dmarc.Result.PERMERROR if why else dmarc.Result.NONE)
        findings.iprev = yield from iprev.check(findings.client)
        findings.spf = yield from check_host(
            findings.client, self._responsible, findings.sender, findings.helo, now=int(time())
        )
        findings.dkim = yield from self._dkim.verdicts()
        findings.arc = yield from self._arc.validate()
        if findings.author:
            findings.dmarc = yield from dmarc.check(findings.author, self._proven())

    def _proven(self) -> dmarc.Identifiers:
        findings = self.findings
        passed = findings.spf.result is SpfResult.PASS
        unsure = findings.spf.result is SpfResult.TEMPERROR or any(
            verdict.result is DkimResult.TEMPERROR for verdict in findings.dkim
        )
        return dmarc.Identifiers(findings.signers, findings.spf.domain if passed else "", unsure)


def _enforce(decision: Decision) -> None:
    if decision.action is Action.REJECT:
        raise Unacceptable(550, f"5.{decision.enhanced}", decision.text)
    if decision.action is Action.DEFER:
        raise Unacceptable(451, f"4.{decision.enhanced}", decision.text)


def _domain(text: str) -> str:
    """A domain in A-labels; "" for what is none, an address literal for example."""
    try:
        domain = canonical_domain(text)
    except AddressError:
        return ""
    return "" if domain.startswith("[") else domain
