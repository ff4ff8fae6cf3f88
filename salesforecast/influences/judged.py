"""Did judgement help: overrides of the past beside the models and what came."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.fiscal import MONTHS
from salesforecast.forecasting.overrides import read_overrides, value_added
from salesforecast.history.load import Loaded
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import actuals, build_history, condense
from salesforecast.influences.ledger import OVERRIDES
from salesforecast.influences.walk import forecast_with

FEW_DRAWS = 50  # a look back needs means only
JUDGED = ["actual", "error_without", "error_with", "added", "helped"]


def forecast_value_added(
    loaded: Loaded, organisation: Organisation, *, until: pd.Timestamp
) -> pd.DataFrame:
    """Each override whose periods are all known by `until`, against the models as of then.

    The forecast is made again as of the override's cutoff, from what was known then, without it
    and with it.

    Returns
    -------
    pd.DataFrame
        A row an override: its fields, `without`, `with`, `actual`, `error_without`,
        `error_with`, `added` (positive: it helped) and `helped`; may be empty.
    """
    told = organisation.declared.overrides
    every = read_overrides(organisation.folder / told) if told else ()
    known = [one for one in every if one.months.max() <= until and one.made < one.months.min()]
    cells = condense(loaded.lines)
    parts = []
    for cutoff in sorted({one.made for one in known}):
        mine = [one for one in known if one.made == cutoff]
        last = max(one.months.max() for one in mine)
        months = (last.year - cutoff.year) * 12 + last.month - cutoff.month
        past = build_history(cells, organisation, cutoff=cutoff)
        horizon = months // MONTHS[organisation.freq]
        made, history, influences = forecast_with(
            organisation, past, horizon=horizon, draws=FEW_DRAWS, seed=0, missing="leave"
        )
        table = influences.overrides
        table = table[(pd.to_datetime(table["cutoff"]) == cutoff)].reset_index(drop=True)
        came = actuals(cells, organisation, history, made.samples.periods)
        sums = [_came(came, history.hierarchy.within(node), periods)
                for node, periods in zip(table["node"], table["periods"], strict=True)]  # fmt: skip
        whole = table["periods"].map(lambda texts: pd.to_datetime(list(texts)).max() <= until)
        parts.append(table.assign(actual=np.where(whole, sums, np.nan))[whole])
    if not parts:
        return pd.DataFrame(columns=[*OVERRIDES, *JUDGED])
    return value_added(pd.concat(parts, ignore_index=True))


def _came(came: pd.DataFrame, leaves: pd.Index, periods: tuple[str, ...]) -> float:
    inside = came["node"].isin(leaves) & came["period"].isin(pd.to_datetime(list(periods)))
    return float(came.loc[inside, "actual"].sum())
