"""What the forecast found odd reaches the reader in his language, and is not said twice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.findings import found, said
from salesforecast.forecasting.oddities import odd_series, unsaid

PERIODS = pd.date_range("2023-01-01", periods=20, freq="MS")


def wide_of(sales: dict[tuple[str, str], list[float]]) -> pd.DataFrame:
    """Period × (node, product), each series at its end; missing before it begins."""
    columns = {key: [np.nan] * (20 - len(values)) + values for key, values in sales.items()}
    frame = pd.DataFrame(columns, index=PERIODS)
    return frame.rename_axis(columns=["node", "product"])


def given(wide: pd.DataFrame) -> pd.DataFrame:
    long = wide.rename_axis(index="period").melt(ignore_index=False, value_name="sales")
    return long.reset_index().dropna(subset=["sales"])


def test_what_is_odd_is_named_and_counted():
    usual = list(np.random.default_rng(0).gamma(5, 10, 20))
    keys = [("North/Anna", p) for p in ("Bags", "Bikes", "Caps", "Hats")]
    wide = wide_of({**dict.fromkeys(keys, usual[:5]), ("South/Ben", "(all)"): usual})
    rows = given(wide)
    (short,) = odd_series(wide, rows, 12)
    assert (short.code, short.severity) == ("series short", "warning")
    assert short.what == "4 series (unit × product) have less than a year of history"
    assert short.where == "North/Anna, Bags; North/Anna, Bikes; North/Anna, Caps; …"
    assert said(short, "zh").what == "4 个序列（单位×产品）的历史不足一年"
    gap = rows[(rows["node"] != "South/Ben") | (rows["period"] != PERIODS[7])]
    missing = odd_series(wide, gap, 12)[0]
    assert missing.what == "1 series (unit × product) has periods without a row, 1 in all"
    assert missing.where == "South/Ben"


def test_what_the_history_said_is_not_said_again():
    idle = found("series idle", "North/Anna", severity="note", n=1, count=1)
    gaps = found("series gaps", "North/Anna", severity="note", n=1, count=2)
    short = found("series short", "North/Anna", severity="note", n=1, count=1)
    places = found("empty places", "North", n=1, count=2)
    young = found("short history", "2024-01 to 2024-09", n=9)
    assert unsaid((gaps, idle, short), ()) == (gaps, idle, short)
    assert unsaid((gaps, idle, short), (places,)) == (idle, short)
    assert unsaid((gaps, idle, short), (young,)) == (gaps, idle)
