"""The terms that a client may ask for in MAIL."""

from __future__ import annotations

import pytest

from shared.protocols.smtp.errors import CommandError
from shared.protocols.smtp.syntax import mail
from shared.protocols.smtp.terms import Terms


@pytest.mark.parametrize(
    ("sent", "terms"),
    [
        (b"", Terms()),
        (b" REQUIRETLS", Terms(require_tls=True)),
        (b" HOLDFOR=3600", Terms(hold_for=3600)),
        (b" HOLDUNTIL=1970-01-01T01:00:10+01:00", Terms(hold_until=10)),
        (b" HOLDUNTIL=1970-01-01T00:00:10.9z", Terms(hold_until=10)),
        (b" BY=120;rt", Terms(by=120, by_mode="RT")),
        (b" BY=+120;N", Terms(by=120, by_mode="N")),
        (b" BY=-1;N", Terms(by=-1, by_mode="N")),
        (b" MT-PRIORITY=-9", Terms(priority=-9)),
    ],
)
def test_terms(sent: bytes, terms: Terms) -> None:
    assert mail.parse(b"FROM:<a@b>" + sent).terms == terms


@pytest.mark.parametrize(
    "sent",
    [
        b"REQUIRETLS=1",
        b"HOLDFOR",
        b"HOLDFOR=-1",
        b"HOLDFOR=\xc2\xb2",
        b"HOLDUNTIL=2026-02-30T00:00:00Z",
        b"HOLDUNTIL=2026-02-03",
        b"HOLDUNTIL=0001-01-01T00:00:00+23:59",
        b"BY=1",
        b"BY=0;R",
        b"BY=9999999999;N",
        b"MT-PRIORITY=10",
        b"HOLDFOR=1 HOLDUNTIL=2026-02-03T00:00:00Z",
    ],
)
def test_bad_terms(sent: bytes) -> None:
    with pytest.raises(CommandError) as caught:
        mail.parse(b"FROM:<a@b> " + sent)
    assert caught.value.reply.code == 501
