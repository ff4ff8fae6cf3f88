"""What is odd about a delivery beside the one before: each check says what, and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from salesforecast.errors import Finding
from salesforecast.findings import found
from salesforecast.hierarchy import SEPARATOR
from salesforecast.operations.jobfile import Thresholds
from salesforecast.operations.snapshot import KEY, Snapshot

_EMPTY = pd.DataFrame()


@dataclass(frozen=True)
class Seen:
    """A finding, and the rows that it rests on."""

    finding: Finding
    rows: pd.DataFrame = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True)
class Delivery:
    """What the checks look at: these data, those of the last run, and what is allowed."""

    now: Snapshot
    before: Snapshot | None
    allowed: Thresholds
    as_of: pd.Timestamp
    openings: Sequence[str] = ()

    @property
    def known(self) -> pd.Timestamp:
        """Last period that both deliveries hold whole."""
        assert self.before is not None
        return min(self.now.cutoff, self.before.cutoff)

    def accepted(self, name: str) -> bool:
        """Whether a change of this place or product was announced."""
        told = (*self.allowed.accept, *self.openings)
        return any(name == one or name.startswith(f"{one}/") for one in told)


def compare(
    now: Snapshot,
    before: Snapshot | None,
    allowed: Thresholds,
    *,
    as_of: pd.Timestamp,
    openings: Sequence[str] = (),
) -> list[Seen]:
    """Everything that is odd, in the order of the checks; errors are what may not be planned from.

    Parameters
    ----------
    now, before
        These data and those of the last good run, both by the places' names of today.
    openings
        Places that were announced.
    """
    other = before is not None and not now.same_months(before)
    delivery = Delivery(now, None if other else before, allowed, as_of, openings)
    checks = [*ALONE, *(BESIDE if delivery.before else ())]
    said = [Seen(found("gate calendar", "[calendar]", severity="warning"))] if other else []
    return [*said, *(seen for check in checks for seen in check(delivery))]


def too_old(newest: pd.Timestamp, today: pd.Timestamp, allowed: Thresholds) -> Finding | None:
    """The error about data that are older than they may be; None when they are not."""
    age = (today.normalize() - newest).days
    most = allowed.max_age_days
    if most < 0 or age <= most:
        return None
    return found("gate old", f"{newest:%Y-%m-%d}", severity="error", age=age, allowed=most)


def _freshness(d: Delivery) -> Iterator[Seen]:
    if finding := too_old(d.now.newest, d.as_of, d.allowed):
        yield Seen(finding)
    ahead = (d.now.newest - d.as_of.normalize()).days
    if ahead > 1:
        yield Seen(found("gate ahead", f"{d.now.newest:%Y-%m-%d}", n=ahead))


def _volume(d: Delivery) -> Iterator[Seen]:
    counts = d.now.until(d.now.cutoff).groupby("period")["lines"].sum()
    if len(counts) < 4 or d.allowed.fewer_lines < 0:
        return
    usual, newest = counts.iloc[-4:-1].mean(), counts.iloc[-1]
    if newest < (1 - d.allowed.fewer_lines) * usual:
        at = f"{d.now.cutoff:%Y-%m}"
        yield Seen(found("gate volume", at, severity="error", lines=newest, usual=usual))


def _empty_periods(d: Delivery) -> Iterator[Seen]:
    there = pd.DatetimeIndex(sorted(d.now.cells["period"].unique()))
    steps = np.diff(there.to_numpy().astype("datetime64[M]").astype(int))
    if not len(steps) or d.allowed.empty_periods < 0:
        return
    missing = int((steps // steps.min() - 1).sum())
    if missing > d.allowed.empty_periods:
        after = f"{there[int(np.argmax(steps))]:%Y-%m}"
        yield Seen(found("gate gaps", _span(d), severity="error", n=missing, after=after))


def _span(d: Delivery) -> str:
    return f"{d.now.cells['period'].min():%Y-%m} – {d.now.cutoff:%Y-%m}"


def _drop(d: Delivery) -> Iterator[Seen]:
    """A place of the first level that halved, in periods that the last run did not know."""
    if d.allowed.drop < 0 or (d.before and d.before.cutoff >= d.now.cutoff):
        return
    cells = d.now.until(d.now.cutoff)
    sums = cells.groupby([cells["place"].str.split("/").str[0], "period"])["sales"].sum()
    table = sums.unstack("period").fillna(0.0)
    year_before = d.now.cutoff - pd.DateOffset(years=1)
    recent = table.loc[:, table.columns < d.now.cutoff].iloc[:, -3:].mean(axis=1)
    usual = (
        table[year_before].where(table[year_before] > 0, recent) if year_before in table else recent
    )
    latest = table[d.now.cutoff]
    fell = (latest < (1 - d.allowed.drop) * usual) & (usual > 0)
    rows = pd.DataFrame({"place": latest.index, "period": d.now.cutoff, "was": usual.to_numpy(), "is": latest.to_numpy()})  # fmt: skip
    rows = rows[fell.to_numpy() & ~rows["place"].map(d.accepted)]
    for _, row in rows.iterrows():
        figures = {"place": row["place"], "was": row["was"], "now": row["is"]}
        share = 1 - row["is"] / row["was"]
        at = f"{d.now.cutoff:%Y-%m}"
        yield Seen(found("gate drop", at, severity="error", share=share, **figures), rows)


def _columns(d: Delivery) -> Iterator[Seen]:
    assert d.before is not None
    for name in d.now.headers.keys() & d.before.headers.keys():
        new, old = set(d.now.headers[name]), set(d.before.headers[name])
        for code, changed in (("gate columns new", new - old), ("gate columns gone", old - new)):
            if changed:
                yield Seen(found(code, name, names=", ".join(sorted(changed))))


def _lost(d: Delivery) -> Iterator[Seen]:
    assert d.before is not None
    until = d.before.cutoff  # a delivery that ends earlier than the last one has lost its end
    old = int(d.before.until(until)["lines"].sum())
    new = int(d.now.until(until)["lines"].sum())
    if d.allowed.lost_lines >= 0 and new < (1 - d.allowed.lost_lines) * old:
        at = f"… – {until:%Y-%m}"
        yield Seen(found("gate lost", at, severity="error", lost=old - new, old=old))


def _restated(d: Delivery) -> Iterator[Seen]:
    assert d.before is not None
    both = d.before.until(d.known).merge(d.now.until(d.known), on=KEY, how="outer", suffixes=("_was", "_is"), validate="one_to_one").fillna(0.0)  # fmt: skip
    both["change"] = both["sales_is"] - both["sales_was"]
    changed = both[both["change"].abs() > 0.005]
    if changed.empty:
        return
    places = both.groupby("place").agg(
        was=("sales_was", "sum"), change=("change", lambda v: v.abs().sum())
    )
    share = places["change"] / places["was"].abs().where(places["was"] != 0)
    far = [p for p in share.index[share > d.allowed.restated] if not d.accepted(p)]
    stays = set(d.now.cells["place"]) & set(d.before.cells["place"])
    far = [place for place in far if place in stays] if d.allowed.restated >= 0 else []
    rows = changed.rename(columns={"sales_was": "was", "sales_is": "is"})[[*KEY, "was", "is"]]
    where = f"{changed['period'].min():%Y-%m} – {changed['period'].max():%Y-%m}"
    if not far:
        change = changed["change"].sum()
        yield Seen(found("gate restated", where, n=len(changed), change=change), rows)
        return
    worst = max(far, key=lambda place: share[place])
    rows = rows[rows["place"].isin(far)]
    figures = {"n": len(far), "worst": worst, "share": share[worst]}
    finding = found("gate restated far", where, severity="error", rows=len(rows), **figures)
    yield Seen(finding, rows)


def _places(d: Delivery) -> Iterator[Seen]:
    """New, merged and renamed places: what they were is asked for, never guessed."""
    assert d.before is not None
    now, old = set(d.now.cells["place"]), set(d.before.cells["place"])
    new = sorted(place for place in now - old if not d.accepted(place))
    gone = sorted(place for place in old - now if not d.accepted(place))
    if not new and not gone:
        return
    was, became = _renamed(new, gone, now & old)
    one_side = "gate places new" if new else "gate places gone"
    code = "gate places renamed" if was else "gate places moved" if new and gone else one_side
    figures = {"new": ", ".join(new[:6]), "gone": ", ".join(gone[:6]), "was": was, "became": became}
    figures |= {"since": f"{d.now.cutoff:%Y-%m}", "listed": _listed([*new, *gone])}
    sums = pd.concat([d.now.cells, d.before.cells])
    rows = sums[sums["place"].isin([*new, *gone])].groupby("place", as_index=False)["sales"].sum()
    at = figures["since"]
    finding = found(code, at, severity="error", rows=len(rows), **figures)
    yield Seen(finding, rows)


def _listed(names: Sequence[str]) -> str:
    """Names as a job file takes them."""
    return f"[{', '.join(json.dumps(name, ensure_ascii=False) for name in names[:6])}]"


def _renamed(new: list[str], gone: list[str], stay: set[str]) -> tuple[str, str]:
    """The one name that changed in all these paths; two empty texts if it is not one.

    Of a group that was renamed all parts are gone, and all there under its new name.
    """
    for length in range(1, min(place.count(SEPARATOR) + 2 for place in (*new, *gone))):
        was, now = _split(gone, length), _split(new, length)
        heads, remain = {head for head, _ in was}, {head for head, _ in _split(stay, length)}
        became = {head for head, _ in now}
        same = sorted(tail for _, tail in was) == sorted(tail for _, tail in now)
        if same and len(heads) == len(became) == 1 and not heads & (became | remain):
            return heads.pop(), became.pop()
    return "", ""


def _split(places: Iterable[str], length: int) -> list[tuple[str, str]]:
    parts = [place.split(SEPARATOR) for place in places]
    return [(SEPARATOR.join(one[:length]), SEPARATOR.join(one[length:])) for one in parts]


def _products(d: Delivery) -> Iterator[Seen]:
    assert d.before is not None
    now, old = set(d.now.cells["product"]), set(d.before.cells["product"])
    gone, at = sorted(name for name in old - now if not d.accepted(name)), f"{d.now.cutoff:%Y-%m}"
    if gone:
        rows = d.before.cells[d.before.cells["product"].isin(gone)]
        sums = rows.groupby("product", as_index=False)["sales"].sum()
        figures = {"names": ", ".join(gone[:6]), "listed": _listed(gone)}
        finding = found("gate products gone", at, severity="error", rows=len(gone), **figures)
        yield Seen(finding, sums)
    if new := sorted(now - old):
        yield Seen(found("gate products new", at, names=", ".join(new[:6])))
    if d.now.cutoff > d.before.cutoff:
        yield from _stopped(d, old & now)


def _stopped(d: Delivery, products: set[str]) -> Iterator[Seen]:
    cells = d.now.until(d.now.cutoff)
    table = cells[cells["product"].isin(products)].pivot_table(index="product", columns="period", values="lines", aggfunc="sum").fillna(0.0)  # fmt: skip
    if table.shape[1] > 6 and d.now.cutoff in table:
        still = (table[d.now.cutoff] == 0) & (table.iloc[:, -7:-1] > 0).all(axis=1)
        for product in table.index[still]:
            yield Seen(found("gate stopped", f"{d.now.cutoff:%Y-%m}", product=product))


Check = Callable[[Delivery], Iterator[Seen]]
ALONE: tuple[Check, ...] = (_freshness, _volume, _empty_periods, _drop)
BESIDE: tuple[Check, ...] = (_columns, _lost, _places, _products, _restated)
