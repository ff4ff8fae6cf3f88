"""The forecast with everything that `organisation.toml` declares, in the order of the work.

History treated, influences taken out, forecast, influences put back, exceptional growth damped,
the pipeline asked, new places opened, judgement applied last. With nothing declared it is
`forecast()` itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.forecasting.forecast import Forecast, forecast
from salesforecast.forecasting.growth import damp
from salesforecast.forecasting.moved import KEY, moved
from salesforecast.forecasting.overrides import in_force, override, read_overrides
from salesforecast.forecasting.structure import SEASONS, wide_history
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import History
from salesforecast.influences.judgement import ask_pipeline, open_places
from salesforecast.influences.ledger import Influences, Ledger, Missing, percent
from salesforecast.influences.past import grid_of, treated, without_influences
from salesforecast.tables import FORECAST, HISTORY


def forecast_with(
    organisation: Organisation,
    history: History,
    *,
    horizon: int,
    draws: int,
    seed: int,
    missing: Missing = "ask",
) -> tuple[Forecast, History, Influences]:
    """Forecast as `forecast` does, with all that is declared.

    Parameters
    ----------
    missing
        `leave` in a replay of the past: what is declared but nobody knew then is left out.

    Returns
    -------
    Forecast, History, Influences
        The history is as given, with places to be opened in its hierarchy.

    Raises
    ------
    DataError
        If something declared cannot be used: the message says what to write instead.
    """
    options = {"cutoff": history.cutoff, "horizon": horizon, "draws": draws, "seed": seed}
    declared = organisation.declared
    if not (declared.moves_forecast or organisation.calendar.uneven):
        return forecast(history.frame, history.hierarchy, **options), history, Influences()
    ledger = Ledger(missing)
    wide, months = wide_history(history.frame, history.hierarchy, history.cutoff)
    season = SEASONS[months]
    values = treated(wide, declared.treatment, season, ledger)
    grid = grid_of(wide, organisation.freq, horizon, season)
    plain = without_influences(values, organisation, grid, ledger)
    frame = ledger.seen = _long(wide, plain.values)
    made = forecast(frame, history.hierarchy, **options)
    ledger.step("time", None, made.frame)
    for kind, factor in plain.ahead.items():
        made = _put_back(made, kind, factor, grid.series, ledger)
    if declared.treatment.growth:
        made = _damped(made, _long(wide, values), organisation, history, season, ledger)
    if declared.pipeline:
        made = ask_pipeline(made, organisation, history, ledger)
    if declared.openings:
        made, history = open_places(made, organisation, history, season, ledger, seed=seed)
    if declared.overrides:
        made = _overridden(made, organisation, history, ledger)
    return made, history, ledger.close()


def _long(wide: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    """`HISTORY` of a matrix that stands as `wide`."""
    frame = pd.DataFrame(values, index=wide.index, columns=wide.columns)
    frame = frame.rename_axis(index="period").melt(ignore_index=False, value_name="sales")
    return HISTORY.check(frame.reset_index().dropna(subset="sales"))


def _put_back(
    made: Forecast, kind: str, factor: np.ndarray, series: pd.MultiIndex, ledger: Ledger
) -> Forecast:
    """Multiply base, forecast and draws by what this kind of influence does ahead."""
    periods = made.samples.periods
    table = pd.DataFrame(factor, index=periods, columns=series).unstack()
    table.index.names = KEY
    rows = table.reindex(pd.MultiIndex.from_frame(made.frame[KEY])).fillna(1.0).to_numpy()
    after = made.frame.assign(
        base=made.frame["base"] * rows, forecast=made.frame["forecast"] * rows
    )
    ledger.step(kind, made.frame, FORECAST.check(after))
    return moved(made, after)


def _damped(
    made: Forecast,
    frame: pd.DataFrame,
    organisation: Organisation,
    history: History,
    season: int,
    ledger: Ledger,
) -> Forecast:
    """Leaves that grew exceptionally: their forecasts are taken back, the reason is booked."""
    rules = organisation.declared.treatment
    sales = frame.pivot_table(index="period", columns="node", values="sales", aggfunc="sum")
    ahead = made.frame.pivot_table(index="period", columns="node", values="forecast", aggfunc="sum")
    ahead = ahead.reindex(columns=sales.columns).fillna(0.0)
    keep = frozenset(i for i, n in enumerate(sales.columns) if f"{n}, growth" in rules.keep)
    factor, found = damp(sales.to_numpy(), ahead.to_numpy(), season=season, exempt=keep)
    for one in found:
        node = sales.columns[one.at]
        years = " · ".join(f"{times:.1f}" for times in one.past)
        ledger.note(
            "growth",
            "[treatment]",
            node=node,
            years=years,
            expected=one.expected,
            kept=one.kept,
            keep=f"{node}, growth",
        )
    if not found:
        return made
    by_node = pd.Series(factor, index=sales.columns)
    rows = made.frame["node"].map(by_node).fillna(1.0)
    after = made.frame.assign(forecast=made.frame["forecast"] * rows)
    ledger.step("growth", made.frame, FORECAST.check(after))
    return moved(made, after)


def _overridden(
    made: Forecast, organisation: Organisation, history: History, ledger: Ledger
) -> Forecast:
    """Analysts' figures that were set by the cutoff, and what they change."""
    path = organisation.folder / organisation.declared.overrides
    if not path.exists():
        ledger.note("no overrides", path.name)
    valid = in_force(read_overrides(path), history.cutoff)
    within = [one for one in valid if one.months.isin(made.samples.periods).any()]
    if ledger.missing == "leave":
        within = [one for one in within if one.node in history.hierarchy.nodes.index]
    if not within:
        return made
    after, table = override(made, history.hierarchy, within)
    ledger.overrides = table
    ledger.step("override", made.frame, after.frame)
    for row in table.to_dict("records"):
        without, agreed = row["without"], row["with"]
        change = agreed / without - 1 if without else float("nan")
        ledger.note(
            "override",
            path.name,
            author=row["author"],
            node=row["node"],
            value=agreed,
            periods=", ".join(row["periods"]),
            without=without,
            change=percent(change),
            reason=row["reason"],
        )
    return after
