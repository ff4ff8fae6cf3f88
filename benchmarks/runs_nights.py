"""F09: a fortnight of nights, as cron would run them, against a PostgreSQL database that changes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.bench import HOME, row
from salesforecast.publishing import MAIN_JOB, is_whole, latest_run, read_json

FIRST = pd.Timestamp("2023-01-01")
PLACES = {"North/Alps": 300.0, "North/Coast": 200.0, "South/Plain": 250.0, "South/Bay": 150.0}
BAD = {5: "a region's lines are cut to a third", 10: "a region comes under another name"}
QUIET = (8,)  # nights without a delivery
ORGANISATION = """
name = "Nightly"
levels = ["market", "region"]
[measure]
name = "revenue"
unit = "EUR"
[[source]]
path = "sql:SALES_DATABASE:orders"
[source.columns]
date = "day"
amount = "amount"
territory = ["market", "region"]
product = "product"
line = ["id"]
"""
JOB = """
notebook = "quarterly_allocation"
organisation = "organisation.toml"
deadline = 600
[parameters]
draws = 50
hindcast = false
[gate]
[keep]
good = 20
"""


def deliver(address: str, *, days: int, cut: str = "", rename: str = "") -> None:
    """Let the database hold the sales of the first `days` days, as an ERP's export would."""
    import psycopg

    draw = np.random.default_rng(7)
    every = pd.date_range(FIRST, periods=1200)
    table = pd.DataFrame(
        [(day, place, product) for day in every for place in PLACES for product in ("pens", "ink")],
        columns=["day", "place", "product"],
    )
    season = 1 + 0.2 * np.sin(2 * np.pi * table["day"].dt.dayofyear / 365)
    table["amount"] = (
        table["place"].map(PLACES) * season * draw.uniform(0.8, 1.2, len(table))
    ).round(2)
    table["id"] = range(len(table))
    known = table[table["day"] < FIRST + pd.Timedelta(days=days)]
    if cut:
        inside = known["place"].str.startswith(cut)
        known = known[~inside | (known["id"] % 24 < 8)]
    if rename:
        known = known.assign(place=known["place"].replace(rename, f"{rename} Nova"))
    parts = known["place"].str.split("/", expand=True)
    rows = zip(
        known["id"],
        known["day"].dt.date,
        parts[0],
        parts[1],
        known["product"],
        known["amount"],
        strict=True,
    )
    with psycopg.connect(address) as connection:
        connection.execute("DROP TABLE IF EXISTS orders")
        connection.execute(
            "CREATE TABLE orders (id int, day date, market text, region text, product text, amount numeric(12,2))"
        )
        with connection.cursor().copy("COPY orders FROM STDIN") as copy:
            for line in rows:
                copy.write_row(line)


def fortnight(place: Path) -> list[dict[str, Any]]:
    """Fourteen nights: exit codes, and whether `latest` was ever one of the bad deliveries'."""
    from benchmarks.postgres import Server

    server = Server()
    (place / "organisation.toml").write_text(ORGANISATION)
    (place / "job.toml").write_text(JOB)
    right, told, good = 0, [], ""
    line = f"cd {shlex.quote(str(place))} && {shlex.quote(sys.executable)} -m salesforecast run job.toml >> night.log 2>&1"
    try:
        address = server.database("sales")
        clone = place / "clone"  # as installed: nobody edits it meanwhile
        subprocess.run(["git", "clone", "-q", str(HOME), str(clone)], check=True)
        env = {**os.environ, "SALES_DATABASE": address, "PYTHONPATH": str(clone)}
        for night in range(1, 15):
            days = 780 + 7 * (night - (night > QUIET[0]))
            if night not in QUIET:
                deliver(
                    address,
                    days=days,
                    cut="South" if night == 5 else "",
                    rename="South/Bay" if night == 10 else "",
                )
            done = subprocess.run(["/bin/sh", "-c", line], env=env)
            last = latest_run(place / "outputs", MAIN_JOB)
            new = last.name if last else ""
            expected = 3 if night in BAD else 0
            moved = new != good
            as_it_should = moved == (night not in BAD and night not in QUIET)
            right += (
                done.returncode == expected and as_it_should and last is not None and is_whole(last)
            )
            told.append(f"{night}: {done.returncode}")
            good = new
        newest = read_json(latest_run(place / "outputs", MAIN_JOB) / "manifest.json")["data"][
            "newest"
        ]  # type: ignore[operator]
    finally:
        server.remove()
    log = (place / "outputs" / "runs" / MAIN_JOB / "runs.log").read_text("utf-8")
    print(log)
    what = (
        f"nights as they should be (exit codes {', '.join(told)}; newest sale in latest {newest})"
    )
    return [row("F09", what, f"{right} of 14", "nights", aim="14 of 14", met=right == 14)]
