"""What a report document says of itself. Pure."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.reports import DAY


class About(NamedTuple):
    """``submitter`` is our domain, ``domain`` the one whose policy it is."""

    domain: str
    submitter: str
    organization: str
    contact: str  # address
    id: str
    day: int  # since the epoch, in UTC

    @property
    def begin(self) -> int:
        """Unix seconds."""
        return self.day * DAY

    @property
    def end(self) -> int:
        """The last second."""
        return self.begin + DAY - 1

    def file(self, ending: str) -> str:
        """The name of the document as a file (RFC 8460 section 5.1, RFC 9990 section 3.5.2)."""
        return f"{self.submitter}!{self.domain}!{self.begin}!{self.end}!{self.id}.{ending}"
