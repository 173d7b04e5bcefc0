"""Client certificates (EXTERNAL): whose they are. Time is an argument.

The front's TLS has verified the chain; what is judged here once more is what a broken front could lie about: who
signed it, until when, for what and for whom.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from shared.base.errors import EilpostError


class BadCertificate(EilpostError):
    """Not signed by an authority of ours, not of this time or use, or without a mail address."""


def addresses(certificate: bytes, authorities: bytes, now: float) -> list[str]:
    """The mail addresses (rfc822Name) of a DER certificate that was signed directly by one of the PEM authorities,
    for a client's use. Raises `BadCertificate`."""
    try:
        leaf = x509.load_der_x509_certificate(certificate)
        trusted = x509.load_pem_x509_certificates(authorities) if authorities else []
        extensions = leaf.extensions
    except (ValueError, x509.DuplicateExtension) as error:
        raise BadCertificate(str(error)) from error
    if not any(_signed(leaf, authority) for authority in trusted):
        raise BadCertificate("signed by nobody we know")
    if not leaf.not_valid_before_utc <= datetime.fromtimestamp(now, UTC) <= leaf.not_valid_after_utc:
        raise BadCertificate("not of this time")
    if not _for_clients(extensions):
        raise BadCertificate("not for a client's use")
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise BadCertificate("it names nobody") from error
    return names.get_values_for_type(x509.RFC822Name)


def _signed(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _for_clients(extensions: x509.Extensions) -> bool:
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True  # RFC 5280 section 4.2.1.12: without it, for every use
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage
