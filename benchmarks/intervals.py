"""C11: do intervals of unrelated series hold what they promise? Learned on other competitions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.bench import row
from salesforecast.forecasting import metrics
from salesforecast.forecasting.intervals import outlook

if TYPE_CHECKING:
    from benchmarks.forecasting_data import Competition

AIMS = {
    "M3-M": (6.2, 6.5),
    "M3-Q": (9.1, 10.4),
    "Tourism-M": (11.0, 11.6),
    "Tourism-Q": (11.6, 11.5),
}


def interval_rows(sets: dict[str, Competition]) -> list[dict[str, Any]]:
    """Coverage of 80 % and 95 %, mean scaled interval score, CPU a series."""
    out = []
    for name, (aim, peer) in AIMS.items():
        if name not in sets:
            continue
        one = sets[name]
        start = time.process_time()
        made = outlook(
            one.past,
            season=one.season,
            horizon=one.future.shape[1],
            weights=f"without {name.split('-')[0]}",
        )
        cpu = (time.process_time() - start) * 1e3 / len(one.past)
        low95, low80, _, high80, high95 = made.quantiles
        for text, low, high, want, band in (
            ("80 %", low80, high80, 0.80, 0.03),
            ("95 %", low95, high95, 0.95, 0.02),
        ):
            share = metrics.coverage(one.future, low, high)
            met = abs(share - want) <= band
            what = f"{name}, coverage of the {text} interval"
            out.append(row("C11", what, share, "share", aim=f"{want} ± {band}", met=met))
        scale = np.array([metrics.seasonal_error(past, one.season) for past in one.past])
        score = float(np.nanmean(metrics.msis(one.future, low95, high95, scale)))
        out.append(row("C11", f"{name}, 95 %", score, "MSIS", "best library (anchors)", peer,
                       score / peer, aim, score <= aim))  # fmt: skip
        met = cpu <= 0.6 if name == "M3-M" else None
        out.append(row("C11", f"{name}, CPU a series", cpu, "ms", aim=0.6, met=met))
    return out
