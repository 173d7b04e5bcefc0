"""The aggregate report on DMARC as a document (RFC 9990 appendix A). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from services.delivery.reporting.documents import About
from shared.contracts.reports import DmarcRow, Published

_SPACE = "urn:ietf:params:xml:ns:dmarc-2.0"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0


def by_policy(rows: Iterable[tuple[DmarcRow, int]]) -> dict[Published, list[tuple[DmarcRow, int]]]:
    """A document tells of one policy: a domain that changed its own gets several."""
    found: dict[Published, list[tuple[DmarcRow, int]]] = {}
    for row, times in rows:
        found.setdefault(row.published, []).append((row, times))
    return found


def document(about: About, published: Published, rows: Iterable[tuple[DmarcRow, int]]) -> bytes:
    """XML."""
    lines = [f'<?xml version="1.0" encoding="UTF-8"?>\n<feedback xmlns="{_SPACE}">', " <version>1.0</version>"]
    lines += _metadata(about)
    lines += _policy(about, published)
    for row, times in rows:
        lines += _record(row, times)
    return ("\n".join(lines) + "\n</feedback>\n").encode()


def _metadata(about: About) -> Iterator[str]:
    yield " <report_metadata>"
    yield _element("org_name", about.organization, 2)
    yield _element("email", about.contact, 2)
    yield _element("report_id", about.id, 2)
    yield f"  <date_range>\n   <begin>{about.begin}</begin>\n   <end>{about.end}</end>\n  </date_range>"
    yield _element("generator", "Eilpost", 2)
    yield " </report_metadata>"


def _policy(about: About, published: Published) -> Iterator[str]:
    yield " <policy_published>"
    yield _element("domain", about.domain, 2)
    yield _element("discovery_method", "treewalk", 2)
    yield _element("p", published.policy, 2)
    yield _element("sp", published.subdomains or published.policy, 2)
    if published.missing:
        yield _element("np", published.missing, 2)
    yield _element("adkim", "s" if published.strict_dkim else "r", 2)
    yield _element("aspf", "s" if published.strict_spf else "r", 2)
    yield _element("testing", "y" if published.testing else "n", 2)
    yield " </policy_published>"


def _record(row: DmarcRow, times: int) -> Iterator[str]:
    yield " <record>\n  <row>"
    yield _element("source_ip", row.source, 3)
    yield f"   <count>{times}</count>\n   <policy_evaluated>"
    yield _element("disposition", row.disposition, 4)
    yield _element("dkim", _word(passed=row.dkim), 4)
    yield _element("spf", _word(passed=row.spf), 4)
    if row.local:
        yield f"    <reason>\n     <type>{escape(row.local)}</type>\n    </reason>"
    yield "   </policy_evaluated>\n  </row>\n  <identifiers>"
    yield _element("envelope_from", row.envelope_from, 3)
    yield _element("header_from", row.header_from, 3)
    yield "  </identifiers>\n  <auth_results>"
    yield from _signatures(row)
    yield "   <spf>"
    yield _element("domain", row.spf_domain, 4)
    yield _element("scope", row.spf_scope, 4)
    yield _element("result", row.spf_result, 4)
    yield "   </spf>\n  </auth_results>\n </record>"


def _signatures(row: DmarcRow) -> Iterator[str]:
    for signed in _named(row.signatures):
        yield "   <dkim>"
        yield _element("domain", signed[0], 4)
        yield _element("selector", signed[1], 4)
        yield _element("result", signed[2], 4)
        yield "   </dkim>"


def _named(signatures: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Those that could be read."""
    return [each for each in signatures if each[0]]


def _word(*, passed: bool) -> str:
    return "pass" if passed else "fail"


def _element(name: str, value: str, depth: int) -> str:
    return f"{' ' * depth}<{name}>{escape(_FORBIDDEN.sub('?', value))}</{name}>"
