"""What the data were at a run: kept with it, so that the next run can tell what has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from salesforecast.history.declared import RegionChange
from salesforecast.history.load import Loaded
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import last_complete_period
from salesforecast.publishing import MANIFEST, read_json

DATA = "data.parquet"
KEY = ["place", "product", "period"]


@dataclass(frozen=True)
class Snapshot:
    """Sums of the order lines, and what was seen of their sources.

    Parameters
    ----------
    cells
        `place, product, period, sales, lines`, a row for each that has lines.
    newest
        Day of the newest line.
    cutoff
        First day of the last whole period.
    headers
        File name to its column names.
    calendar
        First day of each period, by its month; empty where an older run did not keep it.
    """

    cells: pd.DataFrame
    newest: pd.Timestamp
    cutoff: pd.Timestamp
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    calendar: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, loaded: Loaded, organisation: Organisation) -> Snapshot:
        """Sum what was loaded."""
        lines = loaded.lines
        keys = [lines["territory"].rename("place"), lines["product"], lines["period"]]
        cells = lines.groupby(keys, observed=True)["amount"].agg(sales="sum", lines="size")
        cutoff = last_complete_period(lines, organisation)
        periods = pd.DatetimeIndex(sorted(lines["period"].unique()))
        firsts = organisation.calendar.first_days(periods)
        calendar = dict(zip(periods.strftime("%Y-%m"), firsts.strftime("%Y-%m-%d"), strict=True))
        return cls(cells.reset_index(), lines["date"].max(), cutoff, loaded.headers, calendar)

    @classmethod
    def read(cls, run: Path) -> Snapshot | None:
        """That of a run; None when it kept none."""
        told = read_json(run / MANIFEST).get("data")
        if not told or not (run / DATA).is_file():
            return None
        cells = pd.read_parquet(run / DATA)
        headers = {name: tuple(columns) for name, columns in told["columns"].items()}
        newest, cutoff = pd.Timestamp(told["newest"]), pd.Timestamp(told["cutoff"])
        calendar = told.get("calendar", {})
        kept = calendar if isinstance(calendar, dict) else {}
        return cls(cells, newest, cutoff, headers, kept)

    def same_months(self, other: Snapshot) -> bool:
        """Whether the periods that both have begin on the same days, as far as that is known."""
        both = self.calendar.keys() & other.calendar.keys()
        return all(self.calendar[period] == other.calendar[period] for period in both)

    def write(self, folder: Path) -> dict[str, object]:
        """Write the sums into a run's folder; return what its manifest says of the data."""
        self.cells.to_parquet(folder / DATA, index=False)
        told = {
            "lines": int(self.cells["lines"].sum()),
            "sales": float(self.cells["sales"].sum()),
            "newest": f"{self.newest:%Y-%m-%d}",
            "cutoff": f"{self.cutoff:%Y-%m-%d}",
            "places": int(self.cells["place"].nunique()),
            "products": int(self.cells["product"].nunique()),
            "columns": {name: list(columns) for name, columns in self.headers.items()},
            "calendar": dict(self.calendar),
        }
        return dict(json.loads(json.dumps(told)))

    def renamed(self, changes: Sequence[RegionChange]) -> Snapshot:
        """The same with the places that were renamed or merged under their new name."""
        now = {
            was: change.now[0] for change in changes if len(change.now) == 1 for was in change.was
        }
        places = {place: _moved(place, now) for place in self.cells["place"].unique()}
        if all(place == new for place, new in places.items()):
            return self
        cells = self.cells.assign(place=self.cells["place"].map(places))
        sums = cells.groupby(KEY, as_index=False, observed=True)[["sales", "lines"]].sum()
        return replace(self, cells=sums)

    def until(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """The sums of the periods up to `cutoff`."""
        return self.cells[self.cells["period"] <= cutoff]


def _moved(place: str, now: Mapping[str, str]) -> str:
    for was, new in now.items():
        if place == was or place.startswith(f"{was}/"):
            return new + place.removeprefix(was)
    return place
