"""Regular series on positions: everything as it was known at the cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding
from salesforecast.findings import found
from salesforecast.fiscal import MONTHS, FiscalCalendar
from salesforecast.hierarchy import Hierarchy
from salesforecast.history.lookups import people_names, read_columns, read_days
from salesforecast.history.numbers import parse_numbers
from salesforecast.history.organisation import Organisation
from salesforecast.history.roster import credit, roster_at
from salesforecast.tables import ACTUALS, HISTORY, TIME

CELL = ["territory", "person", "product", "period"]


@dataclass(frozen=True)
class History:
    """What a model may see at a cutoff.

    Parameters
    ----------
    frame
        `HISTORY` on leaf × product × period, in the measure's unit: no period missing from a
        series' first sale to the cutoff; without a sale it is 0.
    hierarchy
        The tree of leaves that have sold something by the cutoff.
    roster
        `ROSTER`: who holds which position; people without a sale so far included.
    cutoff
        First day of the last period.
    findings
        What was decided on the way.
    """

    frame: pd.DataFrame
    hierarchy: Hierarchy
    roster: pd.DataFrame
    cutoff: pd.Timestamp
    findings: tuple[Finding, ...]


def condense(lines: pd.DataFrame) -> pd.DataFrame:
    """Sum order lines to territory × person × product × period.

    `build_history` and `actuals` take the result in place of lines: condense once, then ask
    for many cutoffs.
    """
    return lines.groupby(CELL, as_index=False, sort=True, observed=True)["amount"].sum()


def last_complete_period(lines: pd.DataFrame, organisation: Organisation) -> pd.Timestamp:
    """The last period that is booked to its end.

    A period is partial when its last booking lies further from its end than that of any period
    before it (for each source, three days allowed). The last one is left out of history then.

    Raises
    ------
    DataError
        If there are no lines.
    """
    if lines.empty:
        raise DataError(
            "no order line could be read.", where="all sources", fix="correct the errors listed."
        )
    days = booked_days(lines, organisation)
    last = days["period"].max()
    current = [
        stops_early(part, organisation.calendar, organisation.freq)
        for _, part in days.groupby("source")
        if part["period"].max() == last
    ]
    if days["period"].nunique() > 1 and all(current):
        return last - pd.DateOffset(months=MONTHS[organisation.freq])
    return last


def known_until(lines: pd.DataFrame, organisation: Organisation) -> pd.Timestamp:
    """The last day up to which the lines tell what was sold.

    The end of the last period where it is booked to its end, else the last booking.
    """
    last = last_complete_period(lines, organisation)
    end = organisation.calendar.ends(pd.DatetimeIndex([last]), organisation.freq)[0]
    return max(end - pd.Timedelta(days=1), lines["date"].max().normalize())


def longest_pause(lines: pd.DataFrame) -> pd.Timedelta:
    """The longest time that passed without a line, and three days."""
    days = lines["date"].dt.normalize().drop_duplicates().sort_values()
    return (days.diff().max() if len(days) > 1 else pd.Timedelta(0)) + pd.Timedelta(days=3)


def booked_days(lines: pd.DataFrame, organisation: Organisation) -> pd.DataFrame:
    """Days with lines, and how many: `source` (as the organisation file names it; one that goes on
    where another stops, such as a table a year, is the same), `period`, `date`, `rows`."""
    days = lines.groupby(["source", "period", "date"], as_index=False).agg(rows=("row", "size"))
    of = {file: organisation.source_of(file).path for file in days["source"].unique()}
    days["source"] = days["source"].map(of)
    days["source"] = days["source"].map(_continued(days, MONTHS[organisation.freq]))
    return days.groupby(["source", "period", "date"], as_index=False)["rows"].sum()


def _continued(days: pd.DataFrame, step: int) -> dict[str, str]:
    """Each source, and what it is called together with those that it goes on from."""
    spans = days.groupby("source").agg(
        first=("date", "min"), last=("date", "max"), opens=("period", "min"), ends=("period", "max")
    )
    chains: list[list[str]] = []
    for source, one in spans.sort_values(["first", "last"]).iterrows():
        before = [
            chain
            for chain in chains
            if (known := spans.loc[chain[-1]])["last"] < one["first"]
            and known["ends"] + pd.DateOffset(months=step) >= one["opens"]
        ]
        if before:
            max(before, key=lambda chain: spans.loc[chain[-1], "last"]).append(str(source))
        else:
            chains.append([str(source)])
    return {
        source: chain[0] if len(chain) == 1 else f"{chain[0]} to {chain[-1]}"
        for chain in chains
        for source in chain
    }


def stops_early(days: pd.DataFrame, calendar: FiscalCalendar, freq: str) -> bool:
    """Whether the last period of one source stops earlier in its span than those before."""
    last = days.groupby("period")["date"].max()
    ends = calendar.ends(pd.DatetimeIndex(last.index), freq)
    left = pd.Series((ends - pd.DatetimeIndex(last)).days)
    return bool(len(left) > 1 and left.iloc[-1] > left.iloc[:-1].max() + 3)


def build_history(
    lines: pd.DataFrame, organisation: Organisation, cutoff: pd.Timestamp | None = None
) -> History:
    """Regular series on the positions of the cutoff.

    Sales credit follows the person: all his sales, of any place and before any move, go to the
    position he holds at the cutoff. Sales of people without a home and of nobody go to house
    leaves of the order's place.

    Parameters
    ----------
    lines
        `LINES`, or `condense(lines)` together with a `cutoff`.
    cutoff
        First day of the last period to see; default: the last complete one.

    Raises
    ------
    DataError
        If nothing was sold by the cutoff.
    """
    if cutoff is None:
        cutoff = last_complete_period(lines, organisation)
    everything = condense(lines) if "date" in lines.columns else lines
    cells = everything[everything["period"] <= cutoff]
    if cells.empty:
        raise DataError(
            "nothing was sold up to the cutoff.",
            where=f"cutoff {cutoff:%Y-%m}; first sale {everything['period'].min():%Y-%m}",
            fix="choose a later cutoff.",
        )
    roster = roster_at(everything, organisation, cutoff)
    leaves = credit(cells, roster, organisation)
    frame = _regular(leaves, cells, cutoff, MONTHS[organisation.freq])
    hierarchy = Hierarchy.of(
        pd.unique(leaves), levels=organisation.tree_levels, label=organisation.name
    )
    waiting = roster.frame[~roster.frame["node"].isin(hierarchy.leaf_paths)]
    findings = [*_excluded(everything, cutoff, lines), *_waiting(waiting)]
    return History(frame, hierarchy, roster.frame, cutoff, tuple(findings))


def _regular(
    leaves: np.ndarray, cells: pd.DataFrame, cutoff: pd.Timestamp, months: int
) -> pd.DataFrame:
    """Fill every series from its first sale to the cutoff."""
    number = _period_number(cells["period"], months)
    last = int(_period_number(pd.Series([cutoff], dtype=TIME), months)[0])
    node_codes, nodes = pd.factorize(leaves)
    product_codes, products = pd.factorize(cells["product"])
    series, at = np.unique(node_codes * len(products) + product_codes, return_inverse=True)
    first = np.full(len(series), last)
    np.minimum.at(first, at, number)
    length = last - first + 1
    start = np.concatenate([[0], np.cumsum(length)])
    sales = np.zeros(start[-1])
    np.add.at(sales, start[at] + number - first[at], cells["amount"].to_numpy())
    which = np.repeat(np.arange(len(series)), length)
    filled = np.arange(len(sales)) - start[which] + first[which]
    months_since = filled * months + int(cutoff.month - 1) % months
    periods = (months_since.astype("datetime64[M]")).astype("datetime64[us]")
    return HISTORY.check(
        pd.DataFrame(
            {
                "node": pd.Series(nodes, dtype="str").take(series[which] // len(products)).array,
                "product": pd.Series(products, dtype="str")
                .take(series[which] % len(products))
                .array,
                "period": periods,
                "sales": sales,
            }
        )
    )


def _period_number(periods: pd.Series, months: int) -> np.ndarray:
    """Periods counted from 1970 on, in steps of `months`."""
    count = periods.to_numpy().astype("datetime64[M]").astype(np.int64)
    return count // months


def _excluded(cells: pd.DataFrame, cutoff: pd.Timestamp, lines: pd.DataFrame) -> list[Finding]:
    later = cells[cells["period"] > cutoff]
    if later.empty or lines is cells:  # a cutoff that was asked for explains itself
        return []
    periods = ", ".join(f"{period:%Y-%m}" for period in sorted(later["period"].unique())[:3])
    return [found("after the cutoff", periods, amount=later["amount"].sum())]


def _waiting(waiting: pd.DataFrame) -> list[Finding]:
    if waiting.empty:
        return []
    return [found("waiting", ", ".join(waiting["person"].head(5)), n=len(waiting))]


def actuals(
    lines: pd.DataFrame, organisation: Organisation, history: History, periods: pd.DatetimeIndex
) -> pd.DataFrame:
    """What was sold in `periods` after a cutoff, on the leaves that existed then.

    People keep the position of the cutoff wherever they have moved since. Sales of people who
    came later go to the open leaf of the order's place if there is one; `uncredited` lists the
    rest.

    Parameters
    ----------
    lines
        `LINES` or `condense(lines)`.
    history
        As built for the cutoff: its roster and leaves are used.

    Returns
    -------
    pd.DataFrame
        `ACTUALS` on every leaf × period, 0 where nothing was sold, in the measure's unit.
    """
    cells = _credited(lines, organisation, history, periods)
    known = cells[cells["node"].isin(history.hierarchy.leaves)]
    grid = pd.MultiIndex.from_product([history.hierarchy.leaves, periods], names=["node", "period"])
    sold = known.groupby(["node", "period"])["amount"].sum()
    return ACTUALS.check(sold.reindex(grid, fill_value=0.0).rename("actual").reset_index())


def uncredited(
    lines: pd.DataFrame, organisation: Organisation, history: History, periods: pd.DatetimeIndex
) -> pd.DataFrame:
    """Sales in `periods` that no leaf of the cutoff could be credited with.

    Those of people who came after the cutoff, and through house leaves that had sold nothing
    by then: `person` (empty for nobody), `territory`, `period`, `amount`.
    """
    cells = _credited(lines, organisation, history, periods)
    lost = cells[~cells["node"].isin(history.hierarchy.leaves)]
    return lost.groupby(["person", "territory", "period"], as_index=False)["amount"].sum()


def _credited(
    lines: pd.DataFrame, organisation: Organisation, history: History, periods: pd.DatetimeIndex
) -> pd.DataFrame:
    everything = condense(lines) if "date" in lines.columns else lines
    roster = roster_at(everything, organisation, history.cutoff)
    cells = everything[everything["period"].isin(periods)]
    return cells.assign(node=pd.array(credit(cells, roster, organisation), dtype="str"))


def read_quotas(organisation: Organisation) -> pd.DataFrame:
    """The company's own quotas: `person`, `period` (first day of the fiscal quarter), `quota`.

    Empty when the organisation file has no `[quota]`. Quotas of one person and quarter add up.
    """
    quota = organisation.quota
    if quota is None:
        return pd.DataFrame(
            {
                "person": pd.Series(dtype="str"),
                "period": pd.Series(dtype=TIME),
                "quota": pd.Series(dtype="float64"),
            }
        )
    raw = read_columns(organisation, quota.path, [quota.person], [quota.date, quota.amount])
    names = people_names(organisation)
    days = read_days(raw, quota.date, organisation, required="quarter")
    amounts = raw.frame[quota.amount]
    if amounts.dtype.kind not in "if":
        cells = amounts.astype("str")
        amounts = parse_numbers(cells, cell=lambda at: raw.cell(at, quota.amount)).values
    shifted = days + pd.Timedelta(days=quota.shift_days)
    frame = pd.DataFrame(
        {
            "person": pd.Series([names.of(k) or k for k in raw.frame[quota.person]], dtype="str"),
            "period": organisation.calendar.of_rows(shifted, "Q"),
            "quota": amounts.astype("float64"),
        }
    )
    return frame.groupby(["person", "period"], as_index=False)["quota"].sum()
