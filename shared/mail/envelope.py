"""The IMAP ENVELOPE of a header block (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2)."""

from __future__ import annotations

from shared.mail.address_list import Mailbox, parse_addresses
from shared.mail.imap_string import NIL, is_plain, nstring, string
from shared.mail.limits import Limits

FIELDS = frozenset(
    b"date subject from sender reply-to to cc bcc in-reply-to message-id".split(),
)  # lower case

EMPTY = b"(" + b" ".join([NIL] * 10) + b")"


def render_envelope(fields: dict[bytes, bytes], budget: int, limits: Limits) -> bytes:
    """The envelope of the unfolded, stripped values in ``fields``, in at most about ``budget`` octets.

    Beyond the budget addresses are left out. Sender and Reply-To default to From.
    """
    texts = {}
    for name in (b"date", b"subject", b"in-reply-to", b"message-id"):
        value = fields.get(name)
        texts[name] = NIL if value is None else string(value[: limits.field])
        budget -= len(texts[name])
    lists = {}
    for name in (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc"):
        value = fields.get(name)
        share = budget // 4 if name == b"from" else budget  # From may be shown three times
        lists[name] = NIL if not value else _addresses(value, share)
        budget -= len(lists[name])
    sender = lists[b"from"]
    return b"(%b %b %b %b %b %b %b %b %b %b)" % (
        texts[b"date"],
        texts[b"subject"],
        sender,
        sender if lists[b"sender"] is NIL else lists[b"sender"],
        sender if lists[b"reply-to"] is NIL else lists[b"reply-to"],
        lists[b"to"],
        lists[b"cc"],
        lists[b"bcc"],
        texts[b"in-reply-to"],
        texts[b"message-id"],
    )


def _addresses(value: bytes, budget: int) -> bytes:
    out: list[bytes] = []
    for mailbox in parse_addresses(value):
        rendered = _address(mailbox)
        budget -= len(rendered)
        if budget < 0:
            break
        out.append(rendered)
    return b"(%b)" % b"".join(out) if out else NIL


def _address(mailbox: Mailbox) -> bytes:
    name, route, local, domain = mailbox
    if route is None and local is not None and domain is not None and is_plain(local + domain + (name or b"")):
        return (
            b'(NIL NIL "%b" "%b")' % (local, domain)
            if name is None
            else b'("%b" NIL "%b" "%b")' % (name, local, domain)
        )
    return b"(%b %b %b %b)" % (nstring(name), nstring(route), nstring(local), nstring(domain))
