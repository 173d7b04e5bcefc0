"""The `eilpost` command."""

from __future__ import annotations

import typer

from services.admin import alias, domain, queue, user
from services.admin.status import status
from services.admin.trace import trace
from services.admin.up import up


def build() -> typer.Typer:
    """The command tree."""
    app = typer.Typer(
        name="eilpost",
        help="A mail server of small services on one bus.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.command()(up)
    app.command()(status)
    app.command()(trace)
    for name, group in (("domain", domain.app), ("user", user.app), ("alias", alias.app), ("queue", queue.app)):
        app.add_typer(group, name=name)
    return app


def main() -> None:
    """Entry point."""
    build()()


if __name__ == "__main__":
    main()
