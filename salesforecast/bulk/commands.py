"""`salesforecast bulk`: targets for more series than a screen can hold."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from salesforecast.errors import ParameterError

PERIODS = ("month", "quarter", "year", "week", "day")


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--ahead", default=12, show_default=True, type=click.IntRange(1, 1000), help="Periods to plan."
)
@click.option(
    "--period", default="month", show_default=True, type=click.Choice(PERIODS), help="Their length."
)
@click.option(
    "--total",
    type=click.IntRange(min=0),
    help="Sum of all targets; else the forecast and --stretch.",
)
@click.option("--stretch", default=0.0, show_default=True, help="Total / forecast - 1.")
@click.option(
    "--step",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Targets are multiples of it.",
)
@click.option("--criterion", default="forecast", show_default=True, help="What is fair.")
@click.option(
    "--limits",
    type=click.Path(path_type=Path),
    help="Table with a row a series: its label, floor, ceiling, capacity, potential, plan.",
)
@click.option(
    "--least-growth", type=float, help="Of every series on its year before; -0.1: 10 % less."
)
@click.option("--most-growth", type=float, help="The same at most.")
@click.option(
    "--columns",
    default="series,period,sales",
    show_default=True,
    help="Label, period and sales in TABLE.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes of this machine.",
)
@click.option("--scheduler", default="", help="Address of a Dask scheduler, in place of --workers.")
def bulk(table: Path, folder: Path, **options: Any) -> None:
    """Forecast every series of TABLE and split a total over them; results go to FOLDER.

    TABLE is a Parquet file with a row a series and period. A run that was stopped goes on where it
    was when the command is given again; another total is split without forecasting again.
    """  # fmt: skip
    from salesforecast.bulk.job import Bulk, run_bulk
    from salesforecast.bulk.split import Split
    from salesforecast.bulk.spread import spreading

    columns = tuple(name.strip() for name in options["columns"].split(","))
    if len(columns) != 3 or not all(columns):
        raise ParameterError(
            "three columns are needed.", where="--columns", fix="write --columns sku,month,sales."
        )
    wish = Split(
        options["criterion"], str(options["limits"] or ""), options["least_growth"],
        options["most_growth"],
    )  # fmt: skip
    asked = Bulk(
        table, options["ahead"], options["period"], options["total"], options["stretch"],
        options["step"], columns, split=wish,
    )  # fmt: skip
    with spreading(workers=options["workers"], scheduler=options["scheduler"]) as spread:
        done = run_bulk(asked, folder, spread=spread, tell=_progress())
    if done.unchanged:
        click.echo("nothing has changed since the last run.", err=True)
    elif done.kept:
        click.echo(f"{done.kept:,} chunks were finished before and kept.", err=True)
    click.echo(
        f"{done.series:,} series: forecast {done.forecast:,.0f}, targets {done.total:,} in all\n"
        f"{done.targets}"
    )


def _progress() -> Callable[[str, int, int], None]:
    """One line that moves on a terminal; elsewhere a line every tenth."""
    said: list[tuple[str, int]] = []

    def tell(stage: str, done: int, rows: int) -> None:
        share = 100 * done // max(rows, 1)
        live = sys.stderr.isatty()
        now = (stage, share if live else share // 10)
        if said[-1:] == [now]:
            return
        said.append(now)
        back = "\r" if live else ""
        click.echo(f"{back}stage: {stage} {share:3d} %", nl=done == rows or not live, err=True)

    return tell
