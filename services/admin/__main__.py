"""The `eilpost` command."""

from __future__ import annotations

import click

from services.admin.alias import alias
from services.admin.backup.commands import backup, restore
from services.admin.bus import bus
from services.admin.dkim import dkim
from services.admin.dns import dns
from services.admin.domain import domain
from services.admin.migrate import migrate
from services.admin.probe import probe
from services.admin.queue import queue
from services.admin.sender import sender
from services.admin.serve import serve
from services.admin.sieve_scripts import sieve
from services.admin.status import status
from services.admin.trace import trace
from services.admin.up import up
from services.admin.usage import Program
from services.admin.user import user
from services.admin.verify.commands import repair, verify


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="eilpost", prog_name="eilpost")
def main() -> None:
    """A mail server of small services on one bus."""


for command in (
    up,
    serve,
    migrate,
    probe,
    bus,
    status,
    domain,
    user,
    alias,
    sender,
    dkim,
    dns,
    queue,
    trace,
    sieve,
    backup,
    restore,
    verify,
    repair,
):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="eilpost")
