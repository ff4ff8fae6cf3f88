"""`salesforecast app`: who may come, what is planned, and where it is kept."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import click

JOB = "plan_targets"


@click.command()
@click.option("--organisation", help="Your organisation.toml; `salesforecast init` makes one.")
@click.option("--scenario", help="The assumptions to start from (a scenario.toml).")
@click.option(
    "--plan", "name", help="Name of the plan; by default the organisation and the period."
)
@click.option(
    "--months",
    type=click.IntRange(1, 36),
    help="Months of the plan: 12 plans a year; by default the next quarter.",
)
@click.option("--store", help="Where plans are kept; by default outputs/plans.db.")
@click.option(
    "--for", "planners", multiple=True, metavar="NAME", help="Make NAME's link; may be repeated."
)
@click.option(
    "--approver",
    "approvers",
    multiple=True,
    metavar="NAME",
    help="Make NAME's link, and let NAME approve; may be repeated.",
)
@click.option("--language", type=click.Choice(["en", "zh"]), help="Of the screen, to begin with.")
@click.option("--port", type=click.IntRange(0, 65535), help="By default 8866, or the next free.")
@click.option(
    "--warm", type=click.IntRange(0, 16), default=2, show_default=True, help="Kernels kept ready."
)
@click.option(
    "--idle",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    metavar="MINUTES",
    help="End a closed page's kernel after MINUTES.",
)
@click.option(
    "--outputs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("outputs"),
    show_default=True,
    help="Where plans and links are kept.",
)
@click.option("--browser/--no-browser", default=True, help="Open the first link here.")
def app(
    outputs: Path,
    planners: tuple[str, ...],
    approvers: tuple[str, ...],
    port: int | None,
    **options: Any,
) -> None:
    """Serve the planner's screen to this machine, by a personal link a planner.

    A link is a key: who opens it acts under its name, and everybody else is refused. Links are
    kept in outputs/app/links.toml; delete a line there to withdraw one.

    Example: salesforecast app --for "Ann Lee" --for "Bo Chen" --organisation organisation.toml
    """
    from salesforecast.app.notebook import write_copy
    from salesforecast.app.server import serve
    from salesforecast.jobs import find_job
    from salesforecast.planners import APPROVERS, CLAIMS, Links

    links = Links.read(outputs / "app" / "links.toml")
    for name in approvers:
        links = links.invite(name, role="approver")
    planners = (*planners, *(name for name in approvers if name not in planners))
    for name in planners or (() if links.tokens else (_user(),)):
        links = links.invite(name)
    links.write()
    os.environ[APPROVERS] = json.dumps(sorted(links.approvers))
    job = find_job(JOB)
    given = {
        key: options[key]
        for key in ("organisation", "scenario", "language", "months")
        if options[key]
    }
    values = job.settle({**given, "plan": options["name"] or "", "save_to": ""})
    values["store"] = _store(options["store"], outputs)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="salesforecast-app-") as private:
        claims = Path(private) / "claims"
        claims.mkdir(mode=0o700)
        os.environ[CLAIMS] = str(claims)
        serve(
            write_copy(job, values, Path(private)),
            links=links.path.resolve(),
            claims=claims,
            port=8866 if port is None else port,
            fixed=port is not None,
            warm=options["warm"],
            idle=60 * options["idle"],
            ready=lambda address: _tell(address, links, wanted=planners, show=options["browser"]),
        )


def _tell(address: str, links: Any, *, wanted: tuple[str, ...], show: bool) -> None:
    """Print every link, those just asked for if there are any; open the first one here."""
    import webbrowser

    told = {name: f"{address}?token={links.tokens[name]}" for name in wanted or links.tokens}
    for name, link in told.items():
        click.echo(f"{name}: {link}")
    click.echo("Ctrl+C ends the app; saved plans stay.", err=True)
    if show and (
        os.environ.get("DISPLAY")
        or os.name == "nt"
        or (hasattr(os, "uname") and os.uname().sysname == "Darwin")
    ):
        webbrowser.open(next(iter(told.values())))


def _store(given: str | None, outputs: Path) -> str:
    from salesforecast.planning.store import ADDRESS

    if not given and os.environ.get(ADDRESS):
        return ""  # the kernels read it themselves: it may carry a password
    address = given or str(outputs / "plans.db")
    return address if "://" in address else str(Path(address).resolve())


def _user() -> str:
    from salesforecast.planning.store import who

    return who()
