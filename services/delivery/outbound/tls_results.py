"""How sessions went as far as TLS is concerned, counted for the reports that domains ask for (RFC 8460 section 4.3).

Once for each connection, not for each letter; what fails before TLS comes into it is no result.
"""

from __future__ import annotations

import ssl

from services.delivery.outbound.encryption import Demand, Encryption
from services.delivery.outbound.policies import Forbidden
from services.delivery.outbound.routes import NextHop, Server
from services.delivery.outbound.session import NotOffered, Session, TlsBroken
from services.delivery.outbound.sts import Standing
from services.delivery.outbound.trouble import Undeliverable
from shared.contracts.reports import TlsRow
from shared.runtime.tally import Tally

_REASON = 200  # characters
_EXPIRED, _MISMATCHES = 10, (62, 64)  # of OpenSSL: a date; a name or an address
UNTRUSTED, OTHER = "certificate-not-trusted", "validation-failure"


class Results:
    """Without a tally nothing is counted."""

    def __init__(self, tally: Tally | None) -> None:
        self._tally = tally

    @property
    def wanted(self) -> bool:
        return self._tally is not None

    def connected(
        self, hop: NextHop, server: Server, encryption: Encryption, session: Session, standing: Standing
    ) -> None:
        """A session began, with TLS or without."""
        if standing.failure and encryption.demand.policy != "tlsa":
            self._count(hop, server, Demand("sts"), standing.failure, standing.reason)
        elif session.encrypted:
            self._count(hop, server, encryption.demand)
        elif encryption.wanted:
            self._count(hop, server, encryption.demand, "starttls-not-supported")

    def failed(self, hop: NextHop, server: Server, demand: Demand, error: Undeliverable) -> None:
        """None began."""
        if isinstance(error, NotOffered):
            self._count(hop, server, demand, "starttls-not-supported", error.reason)
        elif isinstance(error, TlsBroken):
            self._count(hop, server, demand, failure_of(error), error.reason)

    def forbidden(self, hop: NextHop, server: Server, error: Forbidden) -> None:
        """None was tried."""
        failure = "dnssec-invalid" if error.demand.policy == "tlsa" else OTHER
        self._count(hop, server, error.demand, failure, error.reason)

    def _count(self, hop: NextHop, server: Server, demand: Demand, failure: str = "", reason: str = "") -> None:
        if self._tally is None or not hop.by_mx or hop.lax:
            return
        row = TlsRow(demand.policy, demand.lines, demand.hosts)
        if failure:
            row = row._replace(failure=failure, host=server.host, address=server.address, reason=reason[:_REASON])
        self._tally.tls(hop.host, row)


def failure_of(error: BaseException | None) -> str:
    """The result type of a handshake that failed."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            if error.verify_code in _MISMATCHES:
                return "certificate-host-mismatch"
            return "certificate-expired" if error.verify_code == _EXPIRED else UNTRUSTED
        error = error.__cause__
    return OTHER
