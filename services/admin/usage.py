"""Commands that were called in a wrong way: one line on standard error and EX_USAGE, as all other errors are told."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from services.admin.asking import EX_USAGE, fail


class Program(click.Group):
    """The outermost command, which ends the process."""

    def main(self, *arguments: Any, **given: Any) -> NoReturn:
        """Run the command, as click does, and leave with its exit code."""
        given["standalone_mode"] = False
        try:
            code = super().main(*arguments, **given)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            raise SystemExit(EX_USAGE) from error
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else self.name
            fail(f"{_one_line(error)} (see {path} --help)", EX_USAGE)
        except click.Abort:
            fail("interrupted", 1)
        raise SystemExit(code if isinstance(code, int) else 0)


def _one_line(error: click.UsageError) -> str:
    return " ".join(error.format_message().split()).rstrip(".")
