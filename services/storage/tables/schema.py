"""All tables, in the words of SQLAlchemy Core, for SQLite and PostgreSQL alike.

Invariants, kept by the repositories and proved by `tests/integration` and `eilpost verify`:

1. ``mailbox.uidnext`` and ``mailbox.modseq`` only grow; each message's uid is below the one, its modseq at most the
   other. Both are allocated in the transaction that uses them.
2. The counters of ``mailbox`` and ``account`` (messages, unseen, deleted, octets) equal what their rows add up to.
3. A ``content`` row is immutable. Its body stands in ``body`` or, with a location, in the blob store, synced before
   the row was committed. ``content.uses`` counts the message rows, unfinished letters and waiting IMAP
   events that name it; at zero it is collected, after the grace that unfinished uploads need.
4. An expunged UID stays in ``expunge`` with the modseq of its end, at least 30 days.
5. A recipient is settled at most once, in the transaction that files it: its state leaves ``ready`` and never comes
   back by itself. ``letter.fence`` grows with each claim; writes under an older fence are refused.

Times are Unix seconds. Flags are interned (see `shared.contracts.changes`): bit 0 of ``flagset.bits`` is \\Seen, then
\\Answered, \\Flagged, \\Deleted, \\Draft; keywords live in ``flags`` only.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")

# --- directory ---

domain = Table(
    "domain",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # A-labels, lower case
    Column("catch_all", Text, nullable=False, server_default=""),
)

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("domain_id", Id, ForeignKey("domain.id"), nullable=False, index=True),
    Column("address", Text, nullable=False, unique=True),  # canonical: lower case, NFC, A-label domain
    Column("secret", Text, nullable=False),  # argon2id, or a foreign "{SCHEME}..." until the first login
    Column("scram", Text, nullable=False, server_default=""),  # verifiers, see rules/scram.py; "": none yet
    Column("apop", LargeBinary),  # the password, sealed, for an account that asked for it
    Column("version", Integer, nullable=False, server_default="1"),  # grows with every change of secret or state
    Column("enabled", Boolean, nullable=False, server_default="1"),
    Column("quota", BigInteger, nullable=False, server_default="0"),  # octets; 0: no limit, -1: nothing at all
    Column("message_quota", BigInteger, nullable=False, server_default="0"),  # messages, likewise
    Column("messages", BigInteger, nullable=False, server_default="0"),
    Column("octets", BigInteger, nullable=False, server_default="0"),
    Column("uidvalidity", BigInteger, nullable=False, server_default="0"),  # last one given to a mailbox
    Column("created", BigInteger, nullable=False),
    sqlite_autoincrement=True,  # an id that comes back would make the grants of a removed account valid again
)

alias = Table(
    "alias",
    metadata,
    Column("address", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("domain_id", Id, ForeignKey("domain.id"), nullable=False, index=True),
)

# --- mailboxes and messages ---

mailbox = Table(
    "mailbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("name", Text, nullable=False),  # levels joined by "/"
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uidnext", BigInteger, nullable=False, server_default="1"),
    Column("modseq", BigInteger, nullable=False, server_default="1"),
    Column("recent_from", BigInteger, nullable=False, server_default="1"),
    Column("messages", BigInteger, nullable=False, server_default="0"),
    Column("unseen", BigInteger, nullable=False, server_default="0"),
    Column("deleted", BigInteger, nullable=False, server_default="0"),
    Column("octets", BigInteger, nullable=False, server_default="0"),
    Column("quota", BigInteger, nullable=False, server_default="0"),  # as the account's, which holds beside it
    Column("message_quota", BigInteger, nullable=False, server_default="0"),
    Column("special_use", Text, nullable=False, server_default=""),
    Column("expunged_before", BigInteger, nullable=False, server_default="0"),  # modseq up to which history is gone
    Column("script", Text, nullable=True),  # of its owner, that runs on IMAP events (see tables/sieve.py)
    UniqueConstraint("account_id", "name"),
    sqlite_autoincrement=True,
)

subscription = Table(
    "subscription",
    metadata,
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True),
    Column("name", Text, primary_key=True),
)

acl = Table(
    "acl",
    metadata,
    Column("mailbox_id", Id, ForeignKey("mailbox.id"), primary_key=True),
    Column("account_id", Id, primary_key=True, autoincrement=False),  # everybody in a domain: minus its id
    Column("negative", Boolean, primary_key=True),  # denied instead of granted
    Column("rights", Text, nullable=False),
    Index("ix_acl_account_id", "account_id"),
    sqlite_with_rowid=False,
)

flagset = Table(
    "flagset",
    metadata,
    Column("id", Id, primary_key=True),
    Column("flags", Text, nullable=False, unique=True),  # sorted, joined by one space
    Column("bits", Integer, nullable=False),
)

content = Table(
    "content",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),  # SHA-256
    Column("size", BigInteger, nullable=False),
    Column("header_size", Integer, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("body_structure", LargeBinary, nullable=False),
    Column("parts", LargeBinary, nullable=False),
    Column("preview", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("date", BigInteger, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("sort_subject", Text, nullable=False, server_default=""),  # these as in shared.mail.sort_keys
    Column("sort_from", Text, nullable=False, server_default=""),
    Column("sort_to", Text, nullable=False, server_default=""),
    Column("sort_cc", Text, nullable=False, server_default=""),
    Column("shown_from", Text, nullable=False, server_default=""),
    Column("shown_to", Text, nullable=False, server_default=""),
    Column("thread", LargeBinary, nullable=False, server_default=""),
)
content_sort = Index(  # ordering a mailbox reads nothing else; PostgreSQL's indexes have no room for such rows
    "ix_content_sort",
    content.c.id,
    content.c.date,
    content.c.sort_subject,
    content.c.sort_from,
    content.c.sort_to,
    content.c.sort_cc,
    content.c.shown_from,
    content.c.shown_to,
    content.c.thread,
).ddl_if(dialect="sqlite")
Index(
    "ix_content_unused",
    content.c.id,
    sqlite_where=content.c.uses == 0,
    postgresql_where=content.c.uses == 0,
)

body = Table(  # apart from content, so that a listing reads dense pages
    "body",
    metadata,
    Column("content_id", Id, ForeignKey("content.id"), primary_key=True),
    Column("octets", LargeBinary, nullable=False),  # the whole when small; else the header block
    Column("location", Text, nullable=False, server_default=""),  # blob key when large
)

message = Table(
    "message",
    metadata,
    Column("mailbox_id", Id, ForeignKey("mailbox.id"), primary_key=True),
    Column("uid", BigInteger, primary_key=True, autoincrement=False),
    Column("content_id", Id, ForeignKey("content.id"), nullable=False),
    Column("modseq", BigInteger, nullable=False),
    Column("flagset_id", Id, nullable=False),
    Column("size", BigInteger, nullable=False),  # prefix included
    Column("date", BigInteger, nullable=False),  # INTERNALDATE
    Column("saved", BigInteger, nullable=False),  # when it came into this mailbox (RFC 8514)
    Column("prefix", LargeBinary, nullable=False),
    Index("ix_message_mailbox_id_modseq", "mailbox_id", "modseq"),
    sqlite_with_rowid=False,
)

expunge = Table(
    "expunge",
    metadata,
    Column("mailbox_id", Id, primary_key=True),
    Column("modseq", BigInteger, primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

maildrop_lock = Table(
    "maildrop_lock",
    metadata,
    Column("mailbox_id", Id, primary_key=True, autoincrement=False),
    Column("session", Text, nullable=False),  # "": nobody's
    Column("until", Float, nullable=False),
    Column("opened", Float, nullable=False, server_default="0"),  # by this session or the last one
)

# --- spool ---

letter = Table(
    "letter",
    metadata,
    Column("seq", Id, primary_key=True),
    Column("id", Text, nullable=False, unique=True),  # ULID made by the front: the idempotency key
    Column("request", LargeBinary, nullable=False),  # hash of what was accepted, to tell a repeat from a clash
    Column("trace", Text, nullable=False, index=True),
    Column("sender", Text, nullable=False),
    Column("content_id", Id, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("message_id", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("account_id", Id, nullable=True),  # who submitted it
    Column("client", Text, nullable=False),
    Column("helo", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("smtputf8", Boolean, nullable=False),
    Column("envelope_id", Text, nullable=False),
    Column("ret", Text, nullable=False),
    Column("accepted", Float, nullable=False),  # its age counts from here: the end of a hold that its sender wished
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("claimed_by", Text, nullable=False, server_default=""),
    Column("claimed", Float, nullable=False, server_default="0"),
    Column("lease_until", Float, nullable=False, server_default="0"),
    Column("claims", Integer, nullable=False, server_default="0"),  # without a verdict since the last one
    Column("open", Integer, nullable=False),  # recipients not settled; at zero the body may go
    Column("prefix", LargeBinary, nullable=True),  # header lines in front of the body, which `size` counts as well
    Column("junk", Boolean, nullable=False, server_default="0"),
    Column("require_tls", Boolean, nullable=False, server_default="0"),  # RFC 8689
    Column("priority", Integer, nullable=False, server_default="0"),  # RFC 6710
    Column("deliver_by", Float, nullable=False, server_default="0"),  # Unix seconds, 0 for none (RFC 2852)
    Column("by_mode", Text, nullable=False, server_default=""),  # R | N, maybe with T
)

recipient = Table(
    "recipient",
    metadata,
    Column("letter_seq", Id, ForeignKey("letter.seq"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("address", Text, nullable=False),
    Column("original", Text, nullable=False, server_default=""),
    Column("notify", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),  # ready | done | held | failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt", Float, nullable=False, server_default="0"),
    Column("code", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("settled", Float, nullable=False, server_default="0"),
    Column("filed", Text, nullable=False, server_default=""),
    Column("far", Boolean, nullable=False, server_default="0"),  # the lane of claims: leaves this installation
    Column("warned", Boolean, nullable=False, server_default="0"),  # the sender was told of the delay
    Column("sender", Text, nullable=False, server_default=""),  # in place of the letter's, when forwarded
    sqlite_with_rowid=False,
)
Index(
    "ix_recipient_due",
    recipient.c.far,
    recipient.c.next_attempt,
    recipient.c.letter_seq,
    sqlite_where=recipient.c.state == "ready",
    postgresql_where=recipient.c.state == "ready",
)
Index(
    "ix_recipient_stopped",
    recipient.c.letter_seq,
    sqlite_where=recipient.c.state.in_(("held", "failed")),
    postgresql_where=recipient.c.state.in_(("held", "failed")),
)
Index("ix_recipient_address", recipient.c.address)

# --- the rest ---

dedupe = Table(
    "dedupe",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False),  # hash
    Column("reply", LargeBinary, nullable=False),  # as sent
    Column("at", BigInteger, nullable=False, index=True),
)

upload = Table(
    "upload",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("location", Text, nullable=False),
    Column("header", LargeBinary, nullable=False),  # first octets, at least the header block
    Column("at", BigInteger, nullable=False),
)

login_failure = Table(
    "login_failure",
    metadata,
    Column("scope", Text, primary_key=True),  # "ip:192.0.2.1", "net:192.0.2.0/24", "user:..." (salted hash)
    Column("day", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last", Float, nullable=False),
)

server_key = Table(
    "server_key",
    metadata,
    Column("purpose", Text, primary_key=True),  # grant | ticket | login-cache | enumeration
    Column("secret", LargeBinary, nullable=False),
)
