"""When a certificate ends and how it binds a channel, read without a library for the rest of X.509 (RFC 5280
section 4.1)."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

_END = "-----END CERTIFICATE-----"
_SEQUENCE, _EXPLICIT_VERSION, _UTC_TIME, _OBJECT = 0x30, 0xA0, 0x17, 0x06
_HASHES = {  # the hash of a signature algorithm, by its object identifier (RFC 5929 section 4.1)
    bytes.fromhex("2a864886f70d010104"): "sha256",  # md5WithRSAEncryption; MD5 and SHA-1 are replaced by SHA-256
    bytes.fromhex("2a864886f70d010105"): "sha256",  # sha1WithRSAEncryption
    bytes.fromhex("2a864886f70d01010b"): "sha256",  # sha256WithRSAEncryption
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
    bytes.fromhex("2a8648ce3d0401"): "sha256",  # ecdsa-with-SHA1
    bytes.fromhex("2a8648ce3d040302"): "sha256",  # ecdsa-with-SHA256
    bytes.fromhex("2a8648ce3d040303"): "sha384",
    bytes.fromhex("2a8648ce3d040304"): "sha512",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def not_after(path: Path) -> float:
    """When the first certificate of the file ends, in Unix seconds. OSError or ValueError when it cannot be read."""
    certificate = _contents(_leaf(path), 0, _SEQUENCE)
    fields = _contents(certificate, 0, _SEQUENCE)
    at = _next(fields, 0) if fields[0] == _EXPLICIT_VERSION else 0
    for _ in range(3):  # serial number, signature algorithm, issuer
        at = _next(fields, at)
    validity = _contents(fields, at, _SEQUENCE)
    return _time(validity, _next(validity, 0))


def endpoint(path: Path) -> bytes:
    """The channel binding "tls-server-end-point" of the first certificate; empty where its signature has no one hash.

    Raises OSError or ValueError when it cannot be read.
    """
    der = _leaf(path)
    certificate = _contents(der, 0, _SEQUENCE)
    algorithm = _contents(_contents(certificate, _next(certificate, 0), _SEQUENCE), 0, _OBJECT)
    name = _HASHES.get(algorithm)
    return hashlib.new(name, der).digest() if name else b""


def _leaf(path: Path) -> bytes:
    """The first certificate of a PEM file, in DER."""
    text = path.read_text(encoding="ascii")
    start = text.index("-----BEGIN CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(text[start : text.index(_END, start) + len(_END)])


def _header(der: bytes, at: int) -> tuple[int, int]:
    """Where the contents of the element at ``at`` begin and end."""
    try:
        length, begin = der[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, begin = int.from_bytes(der[begin : begin + count], "big"), begin + count
    except IndexError as error:
        raise ValueError("certificate cut short") from error
    if begin + length > len(der):
        raise ValueError("certificate cut short")
    return begin, begin + length


def _contents(der: bytes, at: int, tag: int) -> bytes:
    begin, end = _header(der, at)
    if der[at] != tag:
        raise ValueError("not a certificate")
    return der[begin:end]


def _next(der: bytes, at: int) -> int:
    return _header(der, at)[1]


def _time(der: bytes, at: int) -> float:
    begin, end = _header(der, at)
    digits = der[begin:end].decode("ascii").removesuffix("Z")
    if der[at] == _UTC_TIME:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    year, month, day = digits[:4], _MONTHS[int(digits[4:6]) - 1], digits[6:8]
    clock = f"{digits[8:10]}:{digits[10:12]}:{digits[12:14]}"
    return ssl.cert_time_to_seconds(f"{month} {day} {clock} {year} GMT")
