"""check_host(): may this address send mail for this domain (RFC 7208 section 4)?

The evaluator does no IO: it yields each DNS question and is sent the answer. Limits are kept here, whatever records
say: `LOOKUPS` terms that ask, `VOIDS` questions without an answer, `NAMES` names of an MX or PTR. The time for all of
it is the caller's to limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from shared.authentication.spf.macros import expand, expand_domain
from shared.authentication.spf.record import Mechanism, Record, RecordError, Result, is_record, parse
from shared.base.ip import Address, ip_address, unmapped
from shared.protocols.dns import NXDOMAIN, Answer, Inquiry, Question

LOOKUPS, VOIDS, NAMES = 10, 2, 10
_ASKING = frozenset({"a", "mx", "ptr", "include", "exists"})


class Check(NamedTuple):
    """The result, the domain it is about, and the mechanism or problem that led to it."""

    result: Result
    domain: str
    why: str = ""
    explanation: str = ""  # the domain owner's words for a fail, unverified text


class _End(Exception):
    """The evaluation is over, wherever it stands."""

    def __init__(self, result: Result, why: str) -> None:
        super().__init__(why)
        self.result = result
        self.why = why


def check_host(
    ip: str, domain: str, sender: str, helo: str, *, receiver: str = "unknown", now: int = 0
) -> Inquiry[Check]:
    """``sender`` is the reverse-path, or "" for the null sender: then postmaster@``domain`` stands for it.

    ``receiver`` and ``now`` (Unix seconds) serve explanations only.
    """
    domain = domain.rstrip(".")
    if not _is_domain(domain):
        return Check(Result.NONE, domain, "no domain name")
    local, _, sender_domain = sender.rpartition("@")
    if not sender_domain:
        sender_domain = domain
    address = unmapped(ip_address(ip))
    evaluation = _Evaluation(address, f"{local or 'postmaster'}@{sender_domain}", helo, receiver, now)
    try:
        result, why = yield from evaluation.check(domain)
    except _End as end:
        return Check(end.result, domain, end.why)
    return Check(result, domain, why, evaluation.explanation)


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    return len(labels) > 1 and len(text) <= 253 and all(0 < len(label) < 64 for label in labels)


class _Evaluation:
    def __init__(self, address: Address, sender: str, helo: str, receiver: str, now: int) -> None:
        self._address = address
        self._number = int(address)
        self._kind = "A" if address.version == 4 else "AAAA"
        self._sender = sender
        self._helo = helo
        self._receiver = receiver
        self._now = now
        self._lookups = 0
        self._voids = 0
        self._validated: dict[str, str] = {}  # %{p} by domain
        self.explanation = ""

    def check(self, domain: str, *, included: bool = False) -> Inquiry[tuple[Result, str]]:
        """The result for one domain; an explanation is looked for unless it is ``included``."""
        record = yield from self._record(domain)
        if record is None:
            return Result.NONE, "no record"
        for mechanism in record.mechanisms:
            if (yield from self._matches(mechanism, domain)):
                if mechanism.qualifier is Result.FAIL and record.explanation and not included:
                    self.explanation = yield from self._explain(record.explanation, domain)
                return mechanism.qualifier, mechanism.name
        if record.redirect:
            return (yield from self._redirect(record.redirect, domain, included=included))
        return Result.NEUTRAL, "default"

    def _record(self, domain: str) -> Inquiry[Record | None]:
        answer = yield Question(domain, "TXT")
        if answer.failed:
            raise _End(Result.TEMPERROR, f"no answer for {domain}")
        records = [text for text in answer.texts if is_record(text)]
        if not records:
            return None
        if len(records) > 1:
            raise _End(Result.PERMERROR, f"{len(records)} records at {domain}")
        try:
            return parse(records[0])
        except RecordError as error:
            raise _End(Result.PERMERROR, f"{domain}: {error}") from error

    def _redirect(self, target: str, domain: str, *, included: bool) -> Inquiry[tuple[Result, str]]:
        self._count()
        name = yield from self._name(target, domain)
        if not _is_domain(name):
            raise _End(Result.PERMERROR, "redirect to no domain")
        result, why = yield from self.check(name, included=included)
        if result is Result.NONE:
            raise _End(Result.PERMERROR, f"redirect to {name}, which has no record")
        return result, why

    # --- mechanisms ---

    def _matches(self, mechanism: Mechanism, domain: str) -> Inquiry[bool]:
        name = mechanism.name
        if name in _ASKING:
            self._count()
        if name == "all":
            return True
        if mechanism.network is not None:
            prefix = mechanism.prefix4
            return mechanism.network.version == self._address.version and self._within(mechanism.network, prefix)
        target = yield from self._name(mechanism.domain, domain)
        if name == "include":
            return (yield from self._include(target))
        if name == "exists":
            return bool((yield from self._ask(target, "A")).addresses)
        if name == "a":
            return (yield from self._has_address(target, mechanism))
        if name == "mx":
            return (yield from self._has_exchange(target, mechanism))
        return (yield from self._has_pointer(target))

    def _include(self, target: str) -> Inquiry[bool]:
        if not _is_domain(target):
            raise _End(Result.PERMERROR, "include of no domain")
        result, _ = yield from self.check(target, included=True)
        if result is Result.NONE:
            raise _End(Result.PERMERROR, f"include of {target}, which has no record")
        return result is Result.PASS

    def _has_address(self, target: str, mechanism: Mechanism) -> Inquiry[bool]:
        answer = yield from self._ask(target, self._kind)
        return self._among(answer, mechanism)

    def _has_exchange(self, target: str, mechanism: Mechanism) -> Inquiry[bool]:
        answer = yield from self._ask(target, "MX")
        if len(answer.exchanges) > NAMES:
            raise _End(Result.PERMERROR, f"more than {NAMES} MX at {target}")
        for exchange in sorted(answer.exchanges):
            if exchange.host and self._among((yield from self._ask(exchange.host, self._kind)), mechanism):
                return True
        return False

    def _has_pointer(self, target: str) -> Inquiry[bool]:
        target = target.lower()
        for name in (yield from self._pointers()):
            if _is_within(name, target) and (yield from self._confirms(name)):
                return True
        return False

    def _among(self, answer: Answer, mechanism: Mechanism) -> bool:
        prefix = mechanism.prefix4 if self._kind == "A" else mechanism.prefix6
        return any(self._within(ip_address(address), prefix) for address in answer.addresses)

    def _within(self, network: Address, prefix: int) -> bool:
        return (int(network) ^ self._number) >> (self._address.max_prefixlen - prefix) == 0

    # --- names ---

    def _name(self, text: str, domain: str) -> Inquiry[str]:
        """A domain-spec expanded."""
        if not text:
            return domain
        if "%" not in text:
            return text.rstrip(".")
        values = yield from self._values(text, domain)
        return expand_domain(text, values)

    def _values(self, text: str, domain: str) -> Inquiry[Mapping[str, str]]:
        local, _, sender_domain = self._sender.rpartition("@")
        v4 = self._address.version == 4
        lowered = text.lower()
        return {
            "s": self._sender,
            "l": local,
            "o": sender_domain,
            "d": domain,
            "i": str(self._address) if v4 else ".".join(f"{self._number:032X}"),
            "v": "in-addr" if v4 else "ip6",
            "h": self._helo,
            "p": (yield from self._validated_name(domain)) if "%{p" in lowered else "",
            "c": str(self._address),
            "r": self._receiver,
            "t": str(self._now),
        }

    def _validated_name(self, domain: str) -> Inquiry[str]:
        """%{p}: the client's validated name, best one within ``domain``; "unknown" if there is none."""
        if domain not in self._validated:
            names = yield from self._pointers()
            names.sort(key=lambda name: (name.lower() != domain.lower(), not _is_within(name, domain.lower())))
            self._validated[domain] = "unknown"
            for name in names:
                if (yield from self._confirms(name)):
                    self._validated[domain] = name
                    break
        return self._validated[domain]

    def _pointers(self) -> Inquiry[list[str]]:
        answer = yield Question(self._address.reverse_pointer, "PTR")
        self._note_void(answer)
        return list(answer.names[:NAMES])

    def _confirms(self, name: str) -> Inquiry[bool]:
        answer = yield Question(name, self._kind)
        return any(int(ip_address(address)) == self._number for address in answer.addresses)

    # --- limits ---

    def _ask(self, name: str, kind: str) -> Inquiry[Answer]:
        if not name:
            return NXDOMAIN
        answer = yield Question(name, kind)
        if answer.failed:
            raise _End(Result.TEMPERROR, f"no answer for {name} {kind}")
        self._note_void(answer)
        return answer

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > LOOKUPS:
            raise _End(Result.PERMERROR, f"more than {LOOKUPS} DNS lookups")

    def _note_void(self, answer: Answer) -> None:
        if answer.empty:
            self._voids += 1
            if self._voids > VOIDS:
                raise _End(Result.PERMERROR, f"more than {VOIDS} void lookups")

    # --- explanations ---

    def _explain(self, text: str, domain: str) -> Inquiry[str]:
        """The explanation (section 6.2); "" for any trouble with it."""
        try:
            name = yield from self._name(text, domain)
            answer = yield Question(name, "TXT")
            if len(answer.texts) != 1 or not answer.texts[0].isascii():
                return ""
            words = answer.texts[0].decode("ascii")
            return expand(words, (yield from self._values(words, domain)))
        except (RecordError, _End):
            return ""


def _is_within(name: str, domain: str) -> bool:
    name = name.lower()
    return name == domain or name.endswith(f".{domain}")
