"""``eilpost verify`` and ``eilpost repair``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import configuration, with_bus
from services.admin.verify.mending import Change, mend, told
from services.admin.verify.walk import Verdict, walk
from shared.bus.client import Bus
from shared.contracts.verify import Proof

deep_option = click.option("--deep", is_flag=True, help="read every body and compare its hash")

SAID = {
    Proof.MESSAGES: "messages have their contents, and the sizes of these",
    Proof.USES: "contents are used as often as is counted",
    Proof.BODIES: "contents have their bodies, of the right size",
    Proof.SUMMARIES: "contents are rendered as IMAP serves them",
    Proof.UIDS: "mailboxes have ascending UIDs, all below UIDNEXT",
    Proof.MODSEQS: "mailboxes have no modification sequence above HIGHESTMODSEQ",
    Proof.COUNTERS: "mailboxes count their messages, unseen and deleted ones and octets right",
    Proof.HISTORY: "expunged UIDs are noted, and no message has one of them",
    Proof.QUOTAS: "accounts use what their mailboxes hold",
    Proof.FLAGS: "sets of keywords are well-formed, and every message's set is known",
    Proof.SPOOL: "letters count their open recipients right, and open ones have bodies",
    Proof.INDEX: "contents stand in the word index up to its watermark, nothing else does",
    Proof.OWNERS: "rows belong to somebody who is there",
}
DEEP = {Proof.BODIES: "contents have their bodies, of the right size and hash"}


@click.command()
@deep_option
@options.config
@options.as_json
def verify(deep: bool, config: Path | None, as_json: bool) -> None:
    """Prove that what is stored fits together.

    The server goes on running. There is a line for each proof and one for each finding, which names account, mailbox
    and UID. Exit code 1 when something is wrong.
    """

    async def work(bus: Bus) -> Verdict:
        return await walk(bus, deep=deep)

    verdict = with_bus(configuration(config), work)
    if as_json:
        proved = {proof.value: verdict.proved[proof] for proof in Proof}
        findings = [found._asdict() for found in verdict.findings]
        print(json.dumps({"deep": deep, "proved": proved, "findings": findings}, ensure_ascii=False, indent=2))
    else:
        for proof in Proof:
            wrong = sum(found.proof is proof for found in verdict.findings)
            said = DEEP.get(proof, SAID[proof]) if deep else SAID[proof]
            print(f"{'WRONG' if wrong else 'ok':5}  {proof.value:9}  {verdict.proved[proof]} {said}")
        for found in verdict.findings:
            print(told(found))
    if verdict.findings:
        raise SystemExit(1)


@click.command()
@deep_option
@click.option("--dry-run", is_flag=True, help="only say what would be done")
@options.config
@options.as_json
def repair(deep: bool, dry_run: bool, config: Path | None, as_json: bool) -> None:
    """Mend what `eilpost verify` finds.

    The server goes on running. There is a line for each change. What can be counted or rendered anew is; in the place
    of a message whose octets are lost stands one that says so, under the same UID. Exit code 1 when something is left
    that this cannot mend.
    """

    async def work(bus: Bus) -> list[Change]:
        return await mend(bus, await walk(bus, deep=deep), dry_run=dry_run)

    changes = with_bus(configuration(config), work)
    if as_json:
        print(json.dumps([change.as_object() for change in changes], ensure_ascii=False, indent=2))
    else:
        for change in changes:
            for line in change.lines():
                print(line)
        print(f"{len(changes)} findings" if changes else "nothing is wrong")
    if any(change.left for change in changes):
        raise SystemExit(1)
