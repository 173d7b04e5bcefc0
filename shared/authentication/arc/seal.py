"""A message sealed before it is sent on: one more ARC set (RFC 8617 section 5.1)."""

from __future__ import annotations

from base64 import b64encode

from shared.authentication.arc.chain import Chain, Status, sealed_octets
from shared.authentication.arc.sets import MESSAGE, RESULTS, SEAL, SETS, ArcSet, read_sets
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.keys import SigningKey
from shared.authentication.dkim.sign import folded, signed, signed_names
from shared.authentication.tags import TagError

_ELSEWHERE = frozenset({RESULTS, MESSAGE, SEAL})


class Sealer:
    """Adds one set to a message that we forward. The body reaches ``hashes`` by the caller."""

    def __init__(self, header: HeaderFields, hashes: BodyHashes, key: SigningKey) -> None:
        self._header = header
        self._hashes = hashes
        self._key = key
        hashes.want(relaxed=True)

    def fields(self, results: bytes, chain: Chain, now: int) -> bytes:
        """The three fields to stand before the message, or nothing where sealing would be of no use.

        ``results`` is what Authentication-Results says of the message (``authserv-id; spf=pass ...``), ``chain`` what
        we found the chain to be, ``now`` Unix seconds.
        """
        sets = self._sets(chain)
        if sets is None or len(sets) >= SETS or (sets and sets[-1].sealed.validation == "fail"):
            return b""
        key, number = self._key, len(sets) + 1
        validation = b"none" if number == 1 else chain.status.value.encode()
        shown = b"ARC-Authentication-Results: i=%d; %b\r\n" % (number, results.strip())
        names = [name for name in signed_names(self._header) if name not in _ELSEWHERE]
        octets = self._header.selected(names, relaxed=True)
        common = (number, key.algorithm.encode(), key.domain.encode(), key.selector.encode(), now)
        message = folded(
            b"ARC-Message-Signature: i=%d; a=%b; c=relaxed/relaxed; d=%b; s=%b; t=%d;" % common,
            b"h=" + b":".join(names) + b";",
            b"bh=" + b64encode(self._hashes.digest(relaxed=True).digest) + b";",
        )
        message = signed(key, octets, message)
        seal = folded(b"ARC-Seal: i=%d; a=%b; d=%b; s=%b; t=%d;" % common, b"cv=%b;" % validation)
        before = [] if validation == b"fail" else sets  # a broken chain is sealed by its last set alone
        return signed(key, sealed_octets(before, shown, message), seal) + message + shown

    def _sets(self, chain: Chain) -> list[ArcSet] | None:
        try:
            return read_sets(self._header)
        except TagError:
            return None if chain.status is not Status.NONE else []
