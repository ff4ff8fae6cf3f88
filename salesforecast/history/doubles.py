"""Rows that share the key of a line: the same sale would count twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from salesforecast.errors import Finding
from salesforecast.history.raw import Raw, counted

Refused = tuple[str, int, str, str, str]  # source, row, column, value, why


def duplicates(
    seen: Sequence[tuple[Raw, pd.DataFrame]], key: Sequence[str], refused: list[Refused]
) -> Iterator[Finding]:
    """Rows of one source, over all its files, that share the key of a line; also put in `refused`."""
    if not key or not seen:
        return
    keys = pd.concat([frame for _, frame in seen], ignore_index=True)
    again = np.flatnonzero(keys.duplicated().to_numpy(bool))
    if not len(again):
        return
    rows = [(raw.name, int(row)) for raw, _ in seen for row in raw.rows]
    where = [f"{name}, row {row}" for name, row in rows]
    texts = keys.iloc[again].astype("str").agg(", ".join, axis=1)
    refused += [
        (*rows[at], ", ".join(key), text, "the key of another row")
        for at, text in zip(again, texts, strict=True)
    ]
    first = ", ".join(str(value) for value in keys.iloc[again[0]])
    yield Finding(
        "error",
        f"{counted(len(again), 'row')} with the key of another ({', '.join(key)})",
        f"{'; '.join(where[at] for at in again[:3])}: first {first}",
        "The same sale would count twice: remove them, or name further columns in `line`.",
        len(again),
    )
