"""From a finished plan to the files of a run, and the words that the terminal ends with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import pandas as pd

from salesforecast.errors import Finding
from salesforecast.findings import found
from salesforecast.fiscal import MONTHS
from salesforecast.planning.hindcast import Hindcast
from salesforecast.planning.plan import Plan
from salesforecast.publishing import latest_run
from salesforecast.replay import FIRST_QUARTER, company_quarters
from salesforecast.reporting.files import write_targets
from salesforecast.reporting.page import headline, write_page
from salesforecast.reporting.report import Report
from salesforecast.reporting.split import said_label
from salesforecast.reporting.wording import Wording
from salesforecast.reporting.workbook import write_workbook
from salesforecast.workbench import Inputs, Stages, summary

RESULT = "result.json"  # read by the run that executes the notebook
UNITS = "units.parquet"  # every unit over the whole span, so that runs can be compared


def build_report(
    inputs: Inputs,
    plan: Plan,
    *,
    hindcast: Hindcast | None = None,
    stages: Stages | None = None,
    parameters: Mapping[str, Any] | None = None,
    as_of: datetime | None = None,
) -> Report:
    """Gather what the page and the workbook state.

    Parameters
    ----------
    as_of
        When the run was made; now by default. It appears on the page only.
    """
    calendar, measure = inputs.organisation.calendar, inputs.organisation.measure
    first = plan.periods[0]
    made = as_of or datetime.now(UTC)
    return Report(
        organisation=inputs.organisation.name,
        unit=measure.unit,
        divisor=measure.divisor,
        unit_words=measure.display or measure.unit,
        quarter=calendar.label(first, inputs.span),
        span=_months_in_words(plan.periods, MONTHS[inputs.organisation.freq]),
        plan=plan,
        history=company_quarters(inputs),
        findings=(*inputs.findings, *plan.findings, *_not_replayed(inputs, hindcast)),
        hindcast=hindcast,
        run={
            "id": made.strftime("%Y-%m-%d %H:%M UTC"),
            "as_of": f"{inputs.history.cutoff:%Y-%m}",
            "version": version("salesforecast"),
            "seed": plan.scenario.seed,
            "seconds": dict(stages.wall) if stages else {},
            "inputs": dict(inputs.loaded.inputs),
            "parameters": dict(parameters or {}),
        },
    )


def _months_in_words(periods: pd.DatetimeIndex, step: int) -> str:
    """`September to November 2013`, whatever the length of a period."""
    first, last = periods[0], periods[-1] + pd.DateOffset(months=step - 1)
    from_year = "" if first.year == last.year else f" {first.year}"
    return f"{first:%B}{from_year} to {last:%B %Y}"


def _not_replayed(inputs: Inputs, hindcast: Hindcast | None) -> tuple[Finding, ...]:
    known = len(company_quarters(inputs))
    if hindcast is not None or known > FIRST_QUARTER:
        return ()
    return (
        found(
            "not replayed",
            f"history up to {inputs.history.cutoff:%Y-%m}",
            n=known,
            least=FIRST_QUARTER + 1,
        ),
    )


def findings_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """Findings as rows: `severity, what, where, rows, effect`, the gravest first."""
    order = {"error": 0, "warning": 1, "note": 2, "repair": 3}
    names = ["severity", "what", "where", "rows", "effect"]
    frame = pd.DataFrame([vars(finding) for finding in findings], columns=names)
    return frame.sort_values("severity", key=lambda s: s.map(order), ignore_index=True)


def write_results(
    report: Report,
    folder: str | Path,
    *,
    stages: Stages | None = None,
    language: str = "en",
) -> Path:
    """Write report, workbook, targets and `result.json` into `folder`; return the page's path."""
    stages = stages or Stages(quiet=True)
    target = Path(folder)
    if report.changes is None:
        report = replace(report, changes=since_last(report, target, language=language))
    with stages("report"):
        page = target / "report.html"
        write_page(report, page, language=language)
        write_workbook(report, target / "targets.xlsx", language=language)
        write_targets(report, target)
        report_units(report).to_parquet(target / UNITS, index=False)
    result = {
        "inputs": report.run["inputs"],
        "seed": report.run["seed"],
        "findings": [vars(finding) for finding in report.findings],
        "stages": [
            {"stage": name, "seconds": round(stages.wall[name], 3), "cpu": round(cpu, 3)}
            for name, cpu in stages.cpu.items()
        ],
        "summary": closing_words(report, language=language),
    }
    (target / RESULT).write_text(json.dumps(result, indent=2, ensure_ascii=False), "utf-8")
    return page


def report_units(report: Report) -> pd.DataFrame:
    """A row a unit: `node, label, depth, first` and what it was, is expected and is asked for."""
    plan: Any = report.plan
    names = ["label", "depth", "baseline", "forecast", "target", "assigned", "chance", "limit"]
    units = plan.units[[name for name in names if name in plan.units]].copy()
    return units.rename_axis("node").reset_index().assign(first=f"{plan.periods[0]:%Y-%m-%d}")


def moved(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Units of two runs side by side, as `report_units` made them, and what moved their targets.

    Returns
    -------
    pd.DataFrame
        On node: the columns of both (`target`, `target_was`), and `change`, the exact sum of
        `by_forecast` (another forecast at the old stretch) and `by_split` (asked for more or less
        beside the forecast). Figures of a unit that one run does not have are zero.
    """
    both = new.set_index("node").join(
        old.set_index("node"), how="outer", suffixes=("", "_was"), validate="one_to_one"
    )
    both["label"] = both["label"].fillna(both["label_was"])
    figures = ["target", "target_was", "forecast", "forecast_was"]
    both[figures] = both[figures].fillna(0.0)
    both["change"] = both["target"] - both["target_was"]
    stretch = (both["target_was"] / both["forecast_was"]).where(both["forecast_was"] != 0, 0.0)
    both["by_forecast"] = (both["forecast"] - both["forecast_was"]) * stretch
    both["by_split"] = both["change"] - both["by_forecast"]
    return both


def since_last(report: Report, folder: Path, *, language: str = "en") -> pd.DataFrame | None:
    """What moved since the last good run of the job, position by position, and why.

    None where there is none, where `folder` is not that of a run, or where the run before planned
    other months.
    """
    job = Path(folder).absolute().parent
    last = latest_run(job.parents[1], job.name) if job.parent.name == "runs" else None
    if last is None or not (last / UNITS).is_file():
        return None
    old, new, words = pd.read_parquet(last / UNITS), report_units(report), Wording(language, 1)
    if old["first"].iloc[0] != new["first"].iloc[0]:
        return None
    above = {node.rpartition("/")[0] or "/" for node in (*old["node"], *new["node"])}
    both = moved(old[~old["node"].isin(above)], new[~new["node"].isin(above)])
    both = both[both["change"] != 0]
    return pd.DataFrame(
        {
            "label": [said_label(report.label(str(node)), words) for node in both.index],
            "before": both["target_was"],
            "now": both["target"],
            "reason": [words.say(_why_moved(row)) for row in both.to_dict("records")],
        }
    )


def _why_moved(row: Mapping[str, Any]) -> str:
    if pd.isna(row["label_was"]) or pd.isna(row["depth"]):
        return "moved_new" if pd.isna(row["label_was"]) else "moved_gone"
    if abs(row["by_forecast"]) >= abs(row["by_split"]):
        return "moved_forecast"
    return "moved_limit" if row["limit"] != row["limit_was"] else "moved_split"


def closing_words(report: Report, *, language: str = "en") -> str:
    """The sentence and the table that a run ends with."""
    plan: Any = report.plan
    words = Wording(language, report.divisor, calendar=plan.calendar)
    table = _ranged_left(summary(plan, divisor=report.divisor), words)
    said = headline(report, words)
    heading = ", ".join(part for part in (report.organisation, report.unit_words) if part)
    return f"{heading}\n{table}\n{said}"


def _ranged_left(table: pd.DataFrame, words: Wording) -> str:
    """The table as text: names left, indented by level and wide enough in Chinese, figures right."""
    names = ["unit", *table["unit"]]
    if words.language != "en":
        names[0] = words.say("unit")
        keys = ["last", "forecast", "target", "growth", "chance"]
        heads = [words.say(key).replace("<br>", "").removesuffix("%") for key in keys]
        signs = ["", "", "", "%", "%"]
        table = table.set_axis(["unit", *map("".join, zip(heads, signs, strict=True))], axis=1)
    wide = [sum(1 + (east_asian_width(letter) in "WF") for letter in name) for name in names]
    padded = [name + " " * (max(wide) - width) for name, width in zip(names, wide, strict=True)]
    whole = {name: "{:,}".format for name, kind in table.dtypes.items() if kind.kind == "i"}
    in_columns = ("display.unicode.east_asian_width", True)
    with pd.option_context(*in_columns):
        figures = table.drop(columns="unit").to_string(index=False, na_rep="", formatters=whole)
    return "\n".join(
        f"{name}  {line}" for name, line in zip(padded, figures.splitlines(), strict=True)
    )
