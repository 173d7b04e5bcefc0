"""DANE for SMTP (RFC 7672): whether the certificates of a server are those that its TLSA records announce.

Usages 0 and 1 count as not there (section 3.1.3). With usage 3 nothing but the leaf's key or certificate matters, not
its names, not its dates; with usage 2 the leaf must be the host's, and descend from the announced authority.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.protocols.dns import Association

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_AUTHORITY, _END = 2, 3  # usages
_WHOLE, _KEY = 0, 1  # selectors
_HASHES: dict[int, Callable[[bytes], bytes]] = {
    0: lambda octets: octets,
    1: lambda octets: hashlib.sha256(octets).digest(),
    2: lambda octets: hashlib.sha512(octets).digest(),
}


def usable(records: Sequence[Association]) -> list[Association]:
    """The records that an SMTP client acts on."""
    return [
        each
        for each in records
        if each.usage in (_AUTHORITY, _END) and each.selector in (_WHOLE, _KEY) and each.matching in _HASHES
    ]


def matches(records: Sequence[Association], certificates: Sequence[bytes], host: str) -> bool:
    """Whether ``certificates`` (DER, leaf first) are what usable ``records`` of ``host`` announce."""
    if not certificates:
        return False
    if any(each.usage == _END and _is(each, certificates[0]) for each in records):
        return True
    authorities = [
        certificate
        for certificate in certificates
        if any(each.usage == _AUTHORITY and _is(each, certificate) for each in records)
    ]
    return any(_descends(certificates, authority, host) for authority in authorities)


def _is(record: Association, certificate: bytes) -> bool:
    octets = certificate if record.selector == _WHOLE else _public_key(certificate)
    return _HASHES[record.matching](octets) == record.data


def _public_key(certificate: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError:
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _descends(certificates: Sequence[bytes], authority: bytes, host: str) -> bool:
    """Whether the leaf is ``host``'s and a chain leads from it to ``authority``."""
    from cryptography import x509

    try:
        chain = [x509.load_der_x509_certificate(each) for each in certificates]
        if not _is_for(chain[0], host):
            return False
        top = x509.load_der_x509_certificate(authority)
        return _leads(chain[0], chain[1:], top)
    except ValueError:
        return False


def _leads(leaf: Certificate, others: Sequence[Certificate], top: Certificate) -> bool:
    now = datetime.now(UTC)
    current, rest = leaf, list(others)
    while current.not_valid_before_utc <= now <= current.not_valid_after_utc:
        if current == top:
            return True
        issuer = next((each for each in rest if _issued(current, each)), None)
        if issuer is None:
            return False
        rest.remove(issuer)
        current = issuer
    return False


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        certificate.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, ExtensionNotFound):
        return False


def _is_for(certificate: Certificate, host: str) -> bool:
    """Whether a DNS name in the certificate is ``host``; ``*.`` stands for one label (RFC 6125 section 6.4.3)."""
    from cryptography.x509 import DNSName, ExtensionNotFound, SubjectAlternativeName

    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return False
    parent = host.lower().partition(".")[2]
    known = [name.lower() for name in names.get_values_for_type(DNSName)]
    return host.lower() in known or f"*.{parent}" in known
