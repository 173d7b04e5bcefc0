"""DNS messages: a question into octets, a response into an `Answer`. The wire format is dnspython's business."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from shared.protocols.dns import NODATA, NXDOMAIN, Answer, Association, Exchange, Question, Service, Status

_PAYLOAD = 1_232  # octets of a UDP response: what no path cuts up
_NEGATIVE = 300  # seconds that "is not there" is kept at most
_LONGEST = 86_400  # seconds that anything is kept at most


class Unusable(Exception):
    """The response is no answer: broken, or an error of the server's. Another server may know better."""


class Truncated(Exception):
    """The response did not fit: to be asked again over TCP."""


def query(question: Question) -> dns.message.QueryMessage | None:
    """The question as a message, or None if there can be no such name."""
    if not question.name.isprintable():
        return None
    try:
        labels = [label.encode("ascii") for label in question.name.split(".")]
        name = dns.name.Name([*labels, b""])
    except (UnicodeEncodeError, dns.exception.DNSException):
        return None
    message = dns.message.make_query(name, question.kind, use_edns=0, payload=_PAYLOAD)
    message.flags |= dns.flags.AD  # tell us whether it is validated (RFC 6840 section 5.7)
    return message


def is_response(asked: dns.message.QueryMessage, octets: bytes) -> dns.message.Message | None:
    """What answers the very question, or None for anything else that came in: a stranger's guess, maybe."""
    try:
        message = dns.message.from_wire(octets, ignore_trailing=True, raise_on_truncation=False)
    except dns.exception.DNSException:
        return None
    return message if asked.is_response(message) else None


def read(question: Question, message: dns.message.Message, *, trusted: bool) -> Answer:
    """The answer. Raises `Unusable`, `Truncated`."""
    if message.flags & dns.flags.TC:
        raise Truncated
    code = message.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) or not isinstance(message, dns.message.QueryMessage):
        raise Unusable(dns.rcode.to_text(code))
    secure = trusted and bool(message.flags & dns.flags.AD)
    try:
        chain = message.resolve_chaining()
    except dns.exception.DNSException as error:
        raise Unusable(str(error)) from error
    canonical = text(chain.canonical_name)
    if chain.answer is None:
        nothing = NXDOMAIN if code == dns.rcode.NXDOMAIN else NODATA
        ttl = min(chain.minimum_ttl, _NEGATIVE)
        return nothing._replace(secure=secure, canonical=canonical, ttl=ttl)
    ttl = min(chain.minimum_ttl, _LONGEST)
    answer = Answer(Status.FOUND, secure=secure, canonical=canonical, ttl=ttl)
    return _FILL[question.kind](answer, list(chain.answer))


def text(name: dns.name.Name) -> str:
    """A name without the dot at its end, in lower case."""
    return name.to_text(omit_final_dot=True).lower() if len(name) > 1 else ""


def _addresses(answer: Answer, records: list[Any]) -> Answer:
    return answer._replace(addresses=tuple([record.address for record in records]))


def _texts(answer: Answer, records: list[Any]) -> Answer:
    return answer._replace(texts=tuple([b"".join(record.strings) for record in records]))


def _names(answer: Answer, records: list[Any]) -> Answer:
    return answer._replace(names=tuple([text(record.target) for record in records]))


def _exchanges(answer: Answer, records: list[Any]) -> Answer:
    found = [Exchange(record.preference, text(record.exchange)) for record in records]
    return answer._replace(exchanges=tuple(found))


def _associations(answer: Answer, records: list[Any]) -> Answer:
    found = [Association(record.usage, record.selector, record.mtype, record.cert) for record in records]
    return answer._replace(associations=tuple(found))


def _services(answer: Answer, records: list[Any]) -> Answer:
    found = [Service(record.priority, record.weight, record.port, text(record.target)) for record in records]
    return answer._replace(services=tuple(found))


_FILL: dict[str, Callable[[Answer, list[Any]], Answer]] = {
    "A": _addresses,
    "AAAA": _addresses,
    "TXT": _texts,
    "PTR": _names,
    "CNAME": _names,
    "NS": _names,
    "MX": _exchanges,
    "TLSA": _associations,
    "SRV": _services,
}
