"""Letters that carry a report (RFC 8460 section 5.3, RFC 9990 section 3.5), with our own DKIM signature. Pure."""

from __future__ import annotations

import gzip
from base64 import encodebytes

from services.delivery.reporting.documents import About
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.keys import SigningKey
from shared.authentication.dkim.sign import Signer
from shared.contracts.reports import Kind
from shared.mail.compose import field, mailbox
from shared.mail.dates import format_date

_TEXT = b"This is a report that %b made about the mail of %b on one day.\r\n"


def packed(document: bytes) -> bytes:
    """gzip, the same octets for the same document."""
    return gzip.compress(document, mtime=0)


def compose(kind: Kind, about: About, archive: bytes, to: str, *, id: str, at: int) -> tuple[bytes, bytes]:
    """Header and body of the letter called ``id``; ``archive`` is the packed document."""
    boundary = f"report-{id}"
    ending, media = ("json.gz", "application/tlsrpt+gzip") if kind is Kind.TLS else ("xml.gz", "application/gzip")
    parts = (
        b"Content-Type: text/plain; charset=us-ascii\r\n\r\n"
        + _TEXT % (about.submitter.encode(), about.domain.encode()),
        b"Content-Type: %b\r\nContent-Transfer-Encoding: base64\r\n" % media.encode()
        + b'Content-Disposition: attachment;\r\n\tfilename="%b"\r\n\r\n' % about.file(ending).encode()
        + encodebytes(archive).replace(b"\n", b"\r\n"),
    )
    cut = b"--" + boundary.encode()
    body = b"".join([cut + b"\r\n" + part + b"\r\n" for part in parts]) + cut + b"--\r\n"
    return _header(kind, about, to, boundary, id=id, at=at), body


def _header(kind: Kind, about: About, to: str, boundary: str, *, id: str, at: int) -> bytes:
    subject = f"Report Domain: {about.domain} Submitter: {about.submitter} Report-ID: <{about.id}>"
    header = field("From", mailbox(about.contact, about.organization)) + field("To", f"<{to}>")
    header += field("Subject", subject) + f"Date: {format_date(at)}\r\n".encode()
    header += f"Message-ID: <{id}@{about.submitter}>\r\nAuto-Submitted: auto-generated\r\n".encode()
    if kind is Kind.TLS:  # it tells of broken TLS, and must arrive in spite of it (RFC 8460 section 3)
        header += f"TLS-Report-Domain: {about.domain}\r\nTLS-Report-Submitter: {about.submitter}\r\n".encode()
        header += b"TLS-Required: No\r\n"
    structure = 'multipart/report; report-type="tlsrpt"' if kind is Kind.TLS else "multipart/mixed"
    return header + f'MIME-Version: 1.0\r\nContent-Type: {structure};\r\n\tboundary="{boundary}"\r\n'.encode()


def signed(header: bytes, body: bytes, key: SigningKey, at: int) -> bytes:
    """The whole message."""
    hashes = BodyHashes()
    signer = Signer(HeaderFields(header), hashes, [key])
    hashes.feed(body)
    hashes.finish()
    return signer.fields(at) + header + b"\r\n" + body
