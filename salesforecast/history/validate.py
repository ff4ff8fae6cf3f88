"""What is odd in the order lines, in the words of a planner: findings by row, each with its effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from salesforecast.errors import DataError, Finding
from salesforecast.fiscal import MONTHS
from salesforecast.history.load import Loaded
from salesforecast.history.organisation import Organisation
from salesforecast.history.roster import roster_at
from salesforecast.history.series import condense, partial_end

Check = Callable[[pd.DataFrame, Organisation], list[Finding]]


def validate(loaded: Loaded, organisation: Organisation) -> tuple[Finding, ...]:
    """Everything that is odd: what was noticed while reading, then what the lines show.

    Returns
    -------
    tuple of Finding
        `loaded.findings` included. Errors first, then warnings, then repairs; hand them to
        `refuse_errors` to stop at errors.
    """
    found = list(loaded.findings)
    if len(loaded.lines):
        for check in CHECKS:
            found += check(loaded.lines, organisation)
    order = {"error": 0, "warning": 1, "repair": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Stop at errors.

    Raises
    ------
    DataError
        If a finding is an error; it lists all of them.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    if len(errors) == 1:
        only = errors[0]
        raise DataError(f"{only.what}.", where=only.where, fix=only.effect)
    raise DataError(
        f"the data have {len(errors)} kinds of errors.",
        where="listed below",
        fix="correct them in the source and run again; nothing was written.",
        findings=errors,
    )


def _name(periods: Sequence[pd.Timestamp]) -> str:
    shown = ", ".join(f"{period:%Y-%m}" for period in periods[:6])
    return shown + (f" and {len(periods) - 6} more" if len(periods) > 6 else "")


def short_history(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """One period shows neither trend nor season; less than two years show no season well."""
    periods = sorted(lines["period"].unique())
    where = f"{_name(periods[:1])} to {_name(periods[-1:])}"
    if len(periods) == 1:
        what = "there is only one period of history"
        return [Finding("error", what, where, "Give at least two periods; better two years.")]
    span = periods[-1] - periods[0]
    if span.days < 700:
        what = f"history covers {len(periods)} periods, less than two years"
        effect = "Seasons cannot be told from growth; intervals are wide."
        return [Finding("warning", what, where, effect)]
    return []


def negative_amounts(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Returns and corrections are kept, and counted in the period of their date."""
    negative = lines[lines["amount"] < 0]
    if negative.empty:
        return []
    cells = [f"{s}, row {r}" for s, r in zip(negative["source"], negative["row"], strict=True)]
    what = f"{len(negative)} rows are negative, together {negative['amount'].sum():,.0f}"
    effect = "They are kept as returns, in the period of their date."
    return [Finding("warning", what, "; ".join(cells[:3]), effect, len(negative))]


def partial_first(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """A source whose first period starts later in its span than those after it."""
    found = []
    for source, part in lines.groupby("source"):
        days = part.groupby("period")["date"].agg(["min", "nunique"])
        late = pd.Series((days["min"] - days.index).dt.days, index=days.index)
        if len(late) > 2 and late.iloc[0] > late.iloc[1:].max() + 3:
            what = f"the first period is partial: {days['nunique'].iloc[0]} days with sales"
            where = f"{source}, {days.index[0]:%Y-%m}"
            effect = "It is kept; growth against it means nothing."
            rows = int((part["period"] == days.index[0]).sum())
            found.append(Finding("warning", what, where, effect, rows))
    return found


def partial_last(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Sources that stop before the end of their last period, or a whole period before others."""
    found = []
    newest = lines["period"].max()
    for source, part in lines.groupby("source"):
        last = part["period"].max()
        day = part["date"].max()
        if partial_end(part, organisation):
            what = f"the last period is partial: it stops at {day:%Y-%m-%d}"
            effect = "It is left out of history unless another source completes it."
        elif last < newest and len(part):
            what = f"this source stops at {day:%Y-%m-%d}, others go on to {newest:%Y-%m}"
            effect = "Its sales count as zero from then on: is an export missing?"
        else:
            continue
        rows = int((part["period"] == last).sum())
        found.append(Finding("warning", what, f"{source}, {last:%Y-%m}", effect, rows))
    return found


def gaps(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Whole periods without a sale, in a source or in a place that sold before and after."""
    found = []
    step = MONTHS[organisation.freq]
    for column, what in (("source", "a source"), ("territory", "a place")):
        for name, part in lines.groupby(column):
            months = part["period"].dt.year * 12 + part["period"].dt.month
            missing = sorted(set(range(months.min(), months.max(), step)) - set(months))
            if not missing:
                continue
            periods = [
                pd.Timestamp(year=(m - 1) // 12, month=(m - 1) % 12 + 1, day=1) for m in missing
            ]
            text = f"{len(missing)} periods without a sale in {what}"
            effect = "They count as zero; check whether data are missing."
            found.append(Finding("warning", text, f"{name}: {_name(periods)}", effect))
    return found


def one_day_a_month(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Bookings on a single day a month: a day that slides over month ends makes empty months."""
    found = []
    for source, part in lines.groupby("source"):
        days = part.groupby("period")["date"].nunique()
        if organisation.freq != "M" or len(days) < 6 or days.median() != 1:
            continue
        dates = part["date"].drop_duplicates()
        if dates.dt.day.nunique() == 1:
            continue  # a monthly table: all dates are the same day
        shown = f"{source}: days {dates.dt.day.min()} to {dates.dt.day.max()}"
        effect = "Days that slide over month ends need `shift_days` in the organisation file."
        found.append(
            Finding("warning", "bookings fall on one day a month", shown, effect, len(part))
        )
    return found


def outside_home(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """People whose sales come from other places than the home of their position."""
    if not organisation.has_people:
        return []
    cells = condense(lines)
    roster = roster_at(cells, organisation, lines["period"].max()).frame
    sold = cells.merge(roster[["person", "territory"]], on="person", suffixes=("", "_home"))
    away = sold[sold["territory"] != sold["territory_home"]]
    share = away.groupby("person")["amount"].sum() / sold.groupby("person")["amount"].sum()
    share = share.dropna().sort_values(ascending=False)
    if share.empty:
        return []
    who = ", ".join(f"{person} {part:.0%}" for person, part in share.items())
    what = f"{len(share)} of {len(roster)} people sell or sold outside their home territory"
    effect = "All their sales are credited to the position they hold at the cutoff."
    return [Finding("warning", what, who, effect)]


def _late(lines: pd.DataFrame, column: str, what: str, effect: str) -> list[Finding]:
    first = lines.groupby(column)["period"].min()
    year = lines["period"].min() + pd.DateOffset(months=11)
    late = first[first > year].sort_values()
    if late.empty:
        return []
    shown = ", ".join(f"{name} {period:%Y-%m}" for name, period in late.head(8).items())
    return [Finding("warning", f"{len(late)} {what}", shown, effect)]


def late_territories(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Places whose first sale of a source comes a year or more after the first of all."""
    effect = "Their histories start there; they are short."
    found = []
    for source, part in lines.groupby("source"):
        for finding in _late(part, "territory", "territories opened late", effect):
            where = f"{source}: {finding.where}"
            found.append(Finding(finding.severity, finding.what, where, finding.effect))
    return found


def late_products(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Products whose first sale of a source comes a year or more after the first of all."""
    effect = "Their histories start there; growth of the total is partly theirs."
    found = []
    for source, part in lines.groupby("source"):
        for finding in _late(part, "product", "products appear late", effect):
            where = f"{source}: {finding.where}"
            found.append(Finding(finding.severity, finding.what, where, finding.effect))
    return found


CHECKS: tuple[Check, ...] = (
    short_history,
    negative_amounts,
    partial_first,
    partial_last,
    gaps,
    one_day_a_month,
    outside_home,
    late_territories,
    late_products,
)
