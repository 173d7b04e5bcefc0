"""All extensions, and the registry made of them. To add one: its module in `shared.sieve.extensions`, a name here."""

from __future__ import annotations

from shared.sieve.extensions import (
    base,
    body,
    comparators,
    copy,
    date,
    duplicate,
    editheader,
    encoded_character,
    enotify,
    envelope,
    environment,
    ereject,
    fcc,
    fileinto,
    ihave,
    imap4flags,
    include,
    index,
    mailbox,
    mailboxid,
    regex,
    reject,
    relational,
    spamtest,
    spamtestplus,
    special_use,
    subaddress,
    vacation,
    vacation_seconds,
    variables,
    virustest,
)
from shared.sieve.registry import Registry

EXTENSIONS = (
    base.EXTENSION,
    *comparators.EXTENSIONS,
    *(
        module.EXTENSION
        for module in (
            body,
            copy,
            date,
            duplicate,
            editheader,
            encoded_character,
            enotify,
            envelope,
            environment,
            ereject,
            fcc,
            fileinto,
            ihave,
            imap4flags,
            include,
            index,
            mailbox,
            mailboxid,
            regex,
            reject,
            relational,
            spamtest,
            spamtestplus,
            special_use,
            subaddress,
            vacation,
            vacation_seconds,
            variables,
            virustest,
        )
    ),
)
REGISTRY = Registry(EXTENSIONS)
NOTIFY_METHODS = ("mailto",)
