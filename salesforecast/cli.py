"""`salesforecast COMMAND`: arguments in, one call, words out."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from salesforecast.app.commands import app
from salesforecast.bulk.commands import bulk
from salesforecast.errors import DataError, ParameterError, SalesforecastError
from salesforecast.exchange_commands import COMMANDS as EXCHANGE
from salesforecast.operations.commands import COMMANDS as RUNNING
from salesforecast.outlook_commands import COMMANDS as OUTLOOK
from salesforecast.planning_commands import COMMANDS

INTERRUPTED = 130  # as shells say it: 128 + the signal's number


class _Commands(click.Group):
    """A group whose commands end with the exit codes that everything else relies on."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except SalesforecastError as error:
            click.echo(f"error: {error}", err=True)
            context.exit(error.exit_code)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except KeyboardInterrupt:
            click.echo("stopped; what was published before is as it was.", err=True)
            context.exit(INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - the last place where a bug can be put in words
            _tell_bug(error)
            context.exit(1)


def _tell_bug(error: Exception) -> None:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    click.echo(
        f"error: {type(error).__name__}: {error}\n  where: {frame.filename}:{frame.lineno}\n"
        "  fix: this is a bug of ours: please report it with the command that you gave.",
        err=True,
    )
    if os.environ.get("SALESFORECAST_TRACEBACK"):
        traceback.print_exception(error)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="salesforecast")
def cli() -> None:
    """Forecast demand and allocate sales targets that tie out to the last unit."""
    if sys.getfilesystemencoding().lower() != "utf-8" and os.name != "nt":  # an old locale, cron's
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, "-m", "salesforecast", *sys.argv[1:]])
    # The arrays are small: more threads a process cost four times the CPU and gain nothing.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


for _command in (*RUNNING, *COMMANDS, *OUTLOOK, *EXCHANGE, app, bulk):
    cli.add_command(_command)


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where organisation.toml goes; beside FILE by default.",
)
@click.option("--force", is_flag=True, help="Replace an organisation.toml that is there.")
def init(file: Path, out: Path | None, **options: Any) -> None:
    """Look at a table of sales (FILE), guess what its columns mean, write organisation.toml."""
    from salesforecast.history.mapping import guess

    target = (out or file.parent) / "organisation.toml"
    if target.exists() and not options["force"]:
        raise ParameterError(
            "there is an organisation.toml already.",
            where=str(target),
            fix="choose another folder with --out, or replace it with --force.",
        )
    found = guess(file)
    for note in found.notes:
        click.echo(note)
    for finding in found.findings:
        click.echo(str(finding))
    target.parent.mkdir(parents=True, exist_ok=True)
    found.organisation.write(target)
    click.echo(f"\nWrote {target}: open it and correct what is wrong.")
    if any(finding.severity == "error" for finding in found.findings):
        click.echo("The errors above stop a run: mend them first.")
        sys.exit(DataError.exit_code)
    click.echo("Then:")
    click.echo(f'  salesforecast run quarterly_allocation --organisation "{target}"')


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("notebook", required=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(notebook: str | None, options: tuple[str, ...]) -> None:
    """Open JupyterLab on the planner's screen, or on another NOTEBOOK; OPTIONS go to jupyter lab.

    One notebook fills the window; the folder at the left edge opens the list of the others.
    """
    from salesforecast.jobs import find_job, own_copy

    if notebook and notebook.startswith("-"):
        options, notebook = (notebook, *options), None
    folder = own_copy(Path.cwd())
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.parent}"]
    path = find_job(notebook or "plan_targets", folder).notebook
    command.append(f"--LabApp.default_url=/doc/tree/{folder.name}/{path.name}")
    command += options
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in options:
        raise ParameterError(
            "JupyterLab does not run as root: whoever reaches it could do anything here.",
            where="salesforecast lab",
            fix="use an ordinary user; or, on a machine of your own, `salesforecast lab --allow-root`.",
        )
    click.echo(f"notebooks: {folder}", err=True)
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    os.execv(sys.executable, command)  # its own process: Ctrl-C and signals reach JupyterLab
