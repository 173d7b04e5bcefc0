"""Where reports are made: one process of all does it, for as long as storage's lease says so.

Invariants
1. A report's letters join the spool in the transaction that forgets what they tell: each sum is told once.
2. Whoever cannot be told now is tried again; after `tries` the sums are dropped. So it is where a bug of ours is in
   the way: what strangers publish of themselves stops no delivery.
3. Reports leave one at a time, with a pause between: nobody can make us send many at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import trio

from services.delivery.house import House
from services.delivery.outbound.encryption import verifying_context
from services.delivery.outbound.finding import Lookup
from services.delivery.reporting import dmarc_xml, tls_json
from services.delivery.reporting.documents import About
from services.delivery.reporting.letter import compose, packed, signed
from services.delivery.reporting.recipients import Target, Unknown, for_dmarc, for_tls
from shared.authentication.dkim.keys import SigningKey, signing_key
from shared.authentication.tags import TagError
from shared.base.ids import new_ulid
from shared.contracts import dkim, reports
from shared.contracts.blobs import INLINE, Body
from shared.contracts.codec import Undecodable, decode
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.reports import Claim, Claimed, DmarcRow, Finish, Kind, TlsRow
from shared.contracts.spool import Accept, Recipient
from shared.mail.summary import summarise
from shared.net.https import NotFetched, post_document
from shared.observe import metrics
from shared.protocols.dns import Question

_PANICS = metrics.panics_total("delivery")
_POST = 60.0  # seconds
_MEDIA = "application/tlsrpt+gzip"


class Desk:
    """``lookup`` says who wants to be told."""

    def __init__(self, house: House, lookup: Lookup) -> None:
        self._bus = house.bus
        self._lookup = lookup
        self._settings = house.settings.reporting
        self._authority = house.settings.outbound.authority
        self._wall_clock = house.wall_clock
        self._log = house.log
        self._hostname = house.hostname

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                busy = await self.serve()
            except (Refused, Unavailable) as error:
                self._log.info("reports.put_off", reason=str(error))
                busy = False
            await trio.sleep(self._settings.pause if busy else self._settings.interval)

    async def serve(self) -> bool:
        """Make one report; whether there was one. Raises `Refused`, `Unavailable`."""
        claimed = await self._bus.call(reports.claim, Claim(self._bus.replica, self._settings.lease))
        if not claimed.report:
            return False
        finish = Finish(self._bus.replica, claimed.report, claimed.last)
        try:
            finish = finish._replace(letters=tuple(await self._make(claimed)))
        except (Refused, Unavailable):
            raise
        except (Unknown, NotFetched) as error:
            finish = self._put_off(finish, claimed)
            self._log.info("reports.failed", kind=claimed.kind.value, domain=claimed.domain, reason=str(error))
        except (Undecodable, ValueError) as error:  # of a newer version, or damaged: nobody can read it
            self._log.error("reports.unreadable", kind=claimed.kind.value, domain=claimed.domain, reason=str(error))
        except Exception as error:  # noqa: BLE001 - the one catch point of this room
            finish = self._put_off(finish, claimed)
            _PANICS.inc()
            self._log.error("delivery.bug", kind=claimed.kind.value, domain=claimed.domain, exc_info=error)
        await self._bus.call(reports.finish, finish)
        return True

    def _put_off(self, finish: Finish, claimed: Claimed) -> Finish:
        """The same for later, or for good."""
        if claimed.attempts + 1 >= self._settings.tries:
            return finish
        return finish._replace(again=self._wall_clock() + self._settings.again)

    async def _make(self, claimed: Claimed) -> list[Accept]:
        """The letters that tell it. What goes over HTTPS is handed in here. Raises `Unknown`, `NotFetched`."""
        find = for_tls if claimed.kind is Kind.TLS else for_dmarc
        targets = await find(self._lookup, claimed.domain)
        if not targets:
            return []
        key = await self._key()
        about = self._about(claimed, key)
        letters: list[Accept] = []
        for one, document in self._documents(claimed, about):
            archive = packed(document)
            letters += self._letters(claimed.kind, one, archive, targets, key)
            await self._post(archive, targets, told=bool(letters))
        told = [letter.recipients[0].address for letter in letters] + [each.url for each in targets if each.url]
        self._log.info(
            "reports.told", kind=claimed.kind.value, domain=claimed.domain, rows=len(claimed.rows), to=" ".join(told)
        )
        return letters

    def _about(self, claimed: Claimed, key: SigningKey | None) -> About:
        submitter = self._hostname if key is None else key.domain
        contact = f"{self._settings.sender}@{submitter}"
        id = f"{claimed.day}.{claimed.report}.{claimed.last}"
        return About(claimed.domain, submitter, self._settings.organization or submitter, contact, id, claimed.day)

    def _documents(self, claimed: Claimed, about: About) -> list[tuple[About, bytes]]:
        if claimed.kind is Kind.TLS:
            rows = [(decode(TlsRow, each.row), each.times) for each in claimed.rows]
            return [(about, tls_json.document(about, rows))]
        found = dmarc_xml.by_policy([(decode(DmarcRow, each.row), each.times) for each in claimed.rows])
        named = [
            (about._replace(id=f"{about.id}.{place}"), published, some)
            for place, (published, some) in enumerate(found.items(), 1)
        ]
        return [(one, dmarc_xml.document(one, published, some)) for one, published, some in named]

    def _letters(
        self, kind: Kind, about: About, archive: bytes, targets: Sequence[Target], key: SigningKey | None
    ) -> list[Accept]:
        """None without a key: nobody believes a report that is not signed."""
        if key is None:
            return []
        found: list[Accept] = []
        for target in targets:
            if not target.address:
                continue
            id, at = new_ulid(), int(self._wall_clock())
            octets = signed(*compose(kind, about, archive, target.address, id=id, at=at), key, at)
            if len(octets) > min(target.limit or INLINE, INLINE):
                self._log.info("reports.too_large", domain=about.domain, to=target.address, octets=len(octets))
                continue
            recipients = (Recipient(target.address, notify=("NEVER",)),)
            found.append(Accept(id, id, "", recipients, Body(octets), summarise(octets)))
        return found

    async def _post(self, archive: bytes, targets: Sequence[Target], *, told: bool) -> None:
        """Hand it in over HTTPS. Raises `NotFetched` when that failed and nobody is told otherwise."""
        for target in targets:
            if not target.url:
                continue
            parts = urlsplit(target.url)
            host = parts.hostname or ""
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            try:
                address = await self._address(host)
                await post_document(
                    host,
                    path,
                    address,
                    verifying_context(self._authority),
                    archive,
                    _MEDIA,
                    timeout=_POST,
                    port=parts.port or 443,
                )
                told = True
            except NotFetched as error:
                if not told:
                    raise
                self._log.info("reports.not_posted", url=target.url, reason=str(error))

    async def _address(self, host: str) -> str:
        for kind in ("A", "AAAA"):
            for address in (await self._lookup.ask(Question(host, kind))).addresses:
                if self._settings.private_addresses or ip_address(address).is_global:
                    return address
        raise NotFetched(f"{host} has no address that we post to")

    async def _key(self) -> SigningKey | None:
        reply = await self._bus.call(dkim.sealing, dkim.SealingRequest(self._hostname))
        for each in reply.keys:
            try:
                return signing_key(reply.domain, each.selector, each.secret)
            except TagError as error:
                self._log.error("delivery.bad_key", domain=reply.domain, selector=each.selector, reason=str(error))
        return None
