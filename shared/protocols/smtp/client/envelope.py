"""The envelope that a client hands over, in the words that the server understands.

What a server does not offer is left out where that loses nothing (DSN, SIZE), and stands in the way where it would
change the letter or break a promise to its sender (SMTPUTF8, 8BITMIME, BINARYMIME, REQUIRETLS, DELIVERBY with R).
"""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp import xtext
from shared.protocols.smtp.client.extensions import Extensions
from shared.protocols.smtp.client.replies import ServerReply


class To(NamedTuple):
    """One recipient, with the DSN parameters as our client gave them (RFC 3461 sections 4.1 and 4.2), decoded."""

    address: str
    notify: tuple[str, ...] = ()
    original: str = ""  # "addr-type;address"


class Envelope(NamedTuple):
    """What goes into MAIL and RCPT. ``sender`` is "" for the null reverse-path; ``size`` in octets, 0 if unknown."""

    sender: str
    recipients: tuple[To, ...]
    size: int = 0
    eight_bit: bool = False  # the message holds octets above 127
    utf8: bool = False  # an address or a header field does (RFC 6531)
    envelope_id: str = ""
    ret: str = ""
    require_tls: bool = False  # RFC 8689
    priority: int | None = None  # MT-PRIORITY (RFC 6710)
    by: int | None = None  # seconds left (RFC 2852)
    by_mode: str = ""
    binary: bool = False  # it is no lines: it goes by BDAT, octet for octet (RFC 3030)


NEEDS_UTF8 = ServerReply(550, "5.6.7", ("the next server takes no addresses beyond ASCII (SMTPUTF8)",))
NEEDS_UTF8_HEADER = ServerReply(550, "5.6.9", ("the next server takes no headers beyond ASCII (SMTPUTF8)",))
NEEDS_BINARY = ServerReply(554, "5.6.3", ("the next server takes no binary messages",))
NEEDS_EIGHT_BIT = ServerReply(554, "5.6.3", ("the next server takes no 8-bit messages",))
NEEDS_REQUIRETLS = ServerReply(550, "5.7.30", ("the next server does not support REQUIRETLS",))
NO_CRYPT = ServerReply(550, "5.7.10", ("the sender requires TLS, which this connection lacks",))


NEEDS_DELIVERBY = ServerReply(550, "5.3.3", ("the next server promises no time, and the sender wants one",))


def obstacle(envelope: Envelope, offered: Extensions, *, secure: bool) -> ServerReply | None:
    """Why this server cannot be given the letter, in the form of the reply that it would give."""
    if envelope.require_tls and not secure:
        return NO_CRYPT
    if envelope.require_tls and "REQUIRETLS" not in offered:
        return NEEDS_REQUIRETLS
    if envelope.utf8 and "SMTPUTF8" not in offered:
        return NEEDS_UTF8_HEADER if _ascii_addresses(envelope) else NEEDS_UTF8
    if envelope.binary and not ("BINARYMIME" in offered and "CHUNKING" in offered):
        return NEEDS_BINARY
    if envelope.eight_bit and not envelope.binary and not ("8BITMIME" in offered or "SMTPUTF8" in offered):
        return NEEDS_EIGHT_BIT
    if envelope.by is not None and "R" in envelope.by_mode and "DELIVERBY" not in offered:
        return NEEDS_DELIVERBY
    if offered.size and envelope.size > offered.size:
        return ServerReply(552, "5.3.4", (f"the next server takes {offered.size} octets at most",))
    return None


def _ascii_addresses(envelope: Envelope) -> bool:
    return envelope.sender.isascii() and all(each.address.isascii() for each in envelope.recipients)


def mail(envelope: Envelope, offered: Extensions) -> bytes:
    """The MAIL command, without its line end."""
    words = [f"MAIL FROM:<{envelope.sender}>"]
    if envelope.size and "SIZE" in offered:
        words.append(f"SIZE={envelope.size}")
    if envelope.binary:
        words.append("BODY=BINARYMIME")
    elif envelope.eight_bit:
        words.append("BODY=8BITMIME")
    if envelope.utf8:
        words.append("SMTPUTF8")
    if envelope.require_tls:
        words.append("REQUIRETLS")
    if envelope.priority is not None and "MT-PRIORITY" in offered:
        words.append(f"MT-PRIORITY={envelope.priority}")
    if envelope.by is not None and "DELIVERBY" in offered:
        words.append(f"BY={envelope.by};{envelope.by_mode}")
    if "DSN" in offered:
        if envelope.ret:
            words.append(f"RET={envelope.ret}")
        if envelope.envelope_id:
            words.append(f"ENVID={xtext.encode(envelope.envelope_id)}")
    return " ".join(words).encode()


def rcpt(to: To, offered: Extensions) -> bytes:
    """The RCPT command, without its line end."""
    words = [f"RCPT TO:<{to.address}>"]
    if "DSN" in offered:
        if to.notify:
            words.append(f"NOTIFY={','.join(to.notify)}")
        if to.original:
            kind, _, address = to.original.partition(";")
            encode = xtext.encode_utf8_address if kind == "utf-8" else xtext.encode
            words.append(f"ORCPT={kind};{encode(address)}")
    return " ".join(words).encode()
