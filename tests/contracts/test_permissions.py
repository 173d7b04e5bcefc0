"""What each service may do on the bus, written out a second time: a new arrow must be wanted here as well."""

from __future__ import annotations

from shared.contracts.subjects import SERVICES, permissions


def asks(service: str) -> set[str]:
    """The operations that a service may call."""
    return {
        subject.removesuffix(f".{service}")
        for subject in permissions(service).publish
        if subject.endswith(f".{service}") and not subject.startswith("_INBOX")
    }


def test_smtp_hands_in_mail_and_reads_none() -> None:
    assert asks("smtp") == {
        "blobs.upload",
        "control.ping",
        "directory.login",
        "directory.prove",
        "directory.may-send",
        "directory.renew",
        "directory.resolve",
        "directory.scram",
        "dkim.signing",
        "greylist.check",
        "reports.count",
        "sieve.refusals",
        "spool.accept",
    }


def test_delivery_files_letters_and_logs_nobody_in() -> None:
    assert asks("delivery") == {
        "blobs.upload",
        "control.ping",
        "directory.resolve",
        "dkim.sealing",
        "imapsieve.claim",
        "imapsieve.settle",
        "messages.deliver",
        "outbound.keep-sts-policy",
        "outbound.sts-policy",
        "reports.claim",
        "reports.count",
        "reports.finish",
        "sieve.active",
        "sieve.facts",
        "sieve.letters",
        "spool.body",
        "spool.claim",
        "spool.extend",
        "spool.settle",
    }


def test_pop3_reads_one_maildrop() -> None:
    assert asks("pop3") == {
        "control.ping",
        "directory.login",
        "directory.prove",
        "directory.renew",
        "directory.scram",
        "maildrop.close",
        "maildrop.hold",
        "maildrop.open",
        "messages.bodies",
        "messages.rows",
    }


def test_managesieve_keeps_scripts_and_sees_no_mail() -> None:
    assert asks("managesieve") == {
        "control.ping",
        "directory.login",
        "directory.prove",
        "directory.scram",
        "sieve.activate",
        "sieve.delete",
        "sieve.get",
        "sieve.have-space",
        "sieve.list",
        "sieve.put",
        "sieve.rename",
    }


def test_nobody_but_storage_answers_and_delivery_to_smtp() -> None:
    for service in SERVICES - {"storage"}:
        answers = [subject for subject in permissions(service).publish if subject.startswith("_INBOX")]
        assert answers == (["_INBOX.smtp.>"] if service == "delivery" else [])


def test_everybody_listens_in_his_own_inbox_only() -> None:
    for service in SERVICES:
        inboxes = [pattern for pattern in permissions(service).subscribe if pattern.startswith("_INBOX")]
        assert inboxes == [f"_INBOX.{service}.>"]


def test_no_account_may_do_everything() -> None:
    for service in SERVICES:
        granted = permissions(service)
        assert ">" not in granted.publish
        assert ">" not in granted.subscribe


def test_the_administrator_reads_no_mail() -> None:
    assert not [name for name in asks("admin") if name.startswith(("messages", "mailboxes", "maildrop", "search"))]


def test_the_administrator_puts_backups_back_and_proves_what_is_stored() -> None:
    restoring = {name for name in asks("admin") if name.startswith(("restore", "backup", "blobs", "verify"))}
    assert restoring == {
        "blobs.upload",
        "restore.begin",
        "restore.clear",
        "restore.contents",
        "restore.file",
        "restore.finish",
        "restore.rows",
        "verify.mend",
        "verify.step",
    }


def test_a_backup_reads_everything_and_changes_nothing() -> None:
    assert asks("backup") == {"backup.begin", "backup.contents", "backup.extend"}
    assert permissions("backup").subscribe == ("_INBOX.backup.>",)
