"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    directory()
    contents()
    mailboxes()
    spool()
    the_rest()


def directory() -> None:
    """Who there is."""
    op.create_table(
        "domain",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("catch_all", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_domain"),
        sa.UniqueConstraint("name", name="uq_domain_name"),
    )
    op.create_table(
        "account",
        sa.Column("id", ID, nullable=False),
        sa.Column("domain_id", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="1", nullable=False),
        sa.Column("quota", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("octets", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name="fk_account_domain_id_domain"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("address", name="uq_account_address"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_account_domain_id", "account", ["domain_id"], unique=False)
    op.create_table(
        "alias",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("domain_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name="fk_alias_domain_id_domain"),
        sa.PrimaryKeyConstraint("address", "target", name="pk_alias"),
    )
    op.create_index("ix_alias_domain_id", "alias", ["domain_id"], unique=False)


def contents() -> None:
    """Messages, stored once."""
    op.create_table(
        "content",
        sa.Column("id", ID, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("header_size", sa.Integer(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("body_structure", sa.LargeBinary(), nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content"),
        sa.UniqueConstraint("hash", name="uq_content_hash"),
    )
    op.create_index(
        "ix_content_unused",
        "content",
        ["id"],
        unique=False,
        sqlite_where=sa.text("uses = 0"),
        postgresql_where=sa.text("uses = 0"),
    )
    op.create_table(
        "body",
        sa.Column("content_id", ID, nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.Column("location", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name="fk_body_content_id_content"),
        sa.PrimaryKeyConstraint("content_id", name="pk_body"),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
    )


def mailboxes() -> None:
    """What each has."""
    op.create_table(
        "mailbox",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uidnext", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("modseq", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("recent_from", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unseen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("deleted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("octets", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("special_use", sa.Text(), server_default="", nullable=False),
        sa.Column("expunged_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_mailbox_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_mailbox"),
        sa.UniqueConstraint("account_id", "name", name="uq_mailbox_account_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscription",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_subscription_account_id_account"),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_subscription"),
    )
    op.create_table(
        "flagset",
        sa.Column("id", ID, nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flagset"),
        sa.UniqueConstraint("flags", name="uq_flagset_flags"),
    )
    op.create_table(
        "message",
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("uid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content_id", ID, nullable=False),
        sa.Column("modseq", sa.BigInteger(), nullable=False),
        sa.Column("flagset_id", ID, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.Column("saved", sa.BigInteger(), nullable=False),
        sa.Column("prefix", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name="fk_message_content_id_content"),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_message_mailbox_id_mailbox"),
        sa.PrimaryKeyConstraint("mailbox_id", "uid", name="pk_message"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_message_mailbox_id_modseq", "message", ["mailbox_id", "modseq"], unique=False)
    op.create_table(
        "expunge",
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("modseq", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox_id", "modseq", "uid", name="pk_expunge"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "maildrop_lock",
        sa.Column("mailbox_id", ID, autoincrement=False, nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox_id", name="pk_maildrop_lock"),
    )


def spool() -> None:
    """Mail that is not yet everywhere it should be."""
    op.create_table(
        "letter",
        sa.Column("seq", ID, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("content_id", ID, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("helo", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("smtputf8", sa.Boolean(), nullable=False),
        sa.Column("envelope_id", sa.Text(), nullable=False),
        sa.Column("ret", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Float(), nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed", sa.Float(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.Float(), server_default="0", nullable=False),
        sa.Column("claims", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_letter"),
        sa.UniqueConstraint("id", name="uq_letter_id"),
    )
    op.create_index("ix_letter_message_id", "letter", ["message_id"], unique=False)
    op.create_index("ix_letter_trace", "letter", ["trace"], unique=False)
    op.create_table(
        "recipient",
        sa.Column("letter_seq", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), server_default="", nullable=False),
        sa.Column("notify", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt", sa.Float(), server_default="0", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("settled", sa.Float(), server_default="0", nullable=False),
        sa.Column("filed", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["letter_seq"], ["letter.seq"], name="fk_recipient_letter_seq_letter"),
        sa.PrimaryKeyConstraint("letter_seq", "number", name="pk_recipient"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_recipient_address", "recipient", ["address"], unique=False)
    op.create_index(
        "ix_recipient_due",
        "recipient",
        ["next_attempt", "letter_seq"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "ix_recipient_stopped",
        "recipient",
        ["letter_seq"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'failed')"),
        postgresql_where=sa.text("state IN ('held', 'failed')"),
    )


def the_rest() -> None:
    """Recorded answers, failed logins, keys."""
    op.create_table(
        "dedupe",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_dedupe"),
    )
    op.create_index("ix_dedupe_at", "dedupe", ["at"], unique=False)
    op.create_table(
        "login_failure",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "day", name="pk_login_failure"),
    )
    op.create_table(
        "server_key",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name="pk_server_key"),
    )
