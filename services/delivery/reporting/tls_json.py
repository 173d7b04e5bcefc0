"""The report on TLS as a document (RFC 8460 section 4.4). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from services.delivery.reporting.documents import About
from shared.contracts.reports import TlsRow


def document(about: About, rows: Iterable[tuple[TlsRow, int]]) -> bytes:
    """JSON."""
    policies: dict[tuple[object, ...], dict[str, Any]] = {}
    for row, times in rows:
        policy = policies.setdefault((row.policy, row.lines, row.hosts), _policy(about, row))
        word = "total-failure-session-count" if row.failure else "total-successful-session-count"
        policy["summary"][word] += times
        if row.failure:
            policy["failure-details"].append(_failure(row, times))
    return json.dumps(
        {
            "organization-name": about.organization,
            "date-range": {"start-datetime": _moment(about.begin), "end-datetime": _moment(about.end)},
            "contact-info": about.contact,
            "report-id": about.id,
            "policies": list(policies.values()),
        },
        indent=1,
    ).encode()


def _policy(about: About, row: TlsRow) -> dict[str, Any]:
    policy: dict[str, Any] = {"policy-type": row.policy, "policy-domain": about.domain}
    if row.lines:
        policy["policy-string"] = list(row.lines)
    if row.hosts:
        policy["mx-host"] = list(row.hosts)
    summary = {"total-successful-session-count": 0, "total-failure-session-count": 0}
    return {"policy": policy, "summary": summary, "failure-details": []}


def _failure(row: TlsRow, times: int) -> dict[str, Any]:
    details: dict[str, Any] = {"result-type": row.failure, "failed-session-count": times}
    for name, value in (
        ("receiving-mx-hostname", row.host),
        ("receiving-ip", row.address),
        ("failure-reason-code", row.reason),
    ):
        if value:
            details[name] = value
    return details


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
