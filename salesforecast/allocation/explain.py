"""Why this number: every target taken apart into whole units, and one sentence about it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from salesforecast.allocation.allocate import Allocation
from salesforecast.allocation.bounds import read_bounds, tree_of
from salesforecast.allocation.fairness import Criterion, build
from salesforecast.allocation.level import Bounds, solve, tighten
from salesforecast.allocation.rounding import round_tree
from salesforecast.allocation.tree import Tree
from salesforecast.hierarchy import ROOT, Hierarchy

_LAYER = "above_"
PARTS = ("fair", "redistribution", "above", "own", "inside", "rounding")


def explain(
    allocation: Allocation,
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    *,
    criterion: str | Mapping[str, float] | None = None,
    draws: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Take every target apart into what is fair and what each limit does to it.

    A leaf's target is read off its curve at one level after another: the level without any
    limit (`fair`), the common level with all limits (`redistribution`: what others cannot
    carry, or must), the levels of the held regions above it (`above`), and what it carries in
    the end (`own`). A region is read through its leaves; `own` is what its own limit changes
    and `inside` what the limits of its units do.

    Parameters
    ----------
    allocation, hierarchy, leaves, draws
        As given to and by `allocate`.
    criterion
        Needed for a blend; by default the allocation's.

    Returns
    -------
    pd.DataFrame
        On node, int64 money: `target`, and the parts that add up to it exactly in each row:
        `fair`, `redistribution`, `above` (limits of nodes above), `own` (its own limit),
        `inside` (limits of units in it), `rounding`. If `leaves` has a `baseline` (or
        `history`) and a `forecast`, also `baseline`, `forecast_change` and `criterion`, which
        add up to `fair`. `fair`, `target` and these three also tie out up the tree. Further
        `above_1`, `above_2`, ...: how `above` comes about by the limit of the node above on
        that layer; `label`, `parent`, `limit`, `limited_by`. `attrs["criterion"]` names the
        criterion.
    """
    tree = tree_of(hierarchy)
    if not leaves.index.equals(hierarchy.leaves):
        leaves = leaves.loc[hierarchy.leaves]
    step = allocation.step
    chosen = allocation.criterion if criterion is None else criterion
    fair = allocation.fair or _criterion(allocation, hierarchy, leaves, chosen, draws)
    even = solve(tree, fair.curves, _without_limits(tree), allocation.total / step)
    parts = _parts(tree, allocation, even.exact * step, _stages(tree, allocation, fair))
    nodes, before = hierarchy.nodes, _before(tree, leaves, parts["fair"])
    names = {"label": nodes["label"], "parent": nodes["parent"]}
    limits = {name: allocation.nodes[name] for name in ("limit", "limited_by")}
    out = pd.DataFrame({**names, **before, **parts, **limits}, index=nodes.index)
    out.attrs["criterion"] = chosen if isinstance(chosen, str) else "blend"
    return out


def _criterion(
    allocation: Allocation,
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    criterion: str | Mapping[str, float],
    draws: pd.DataFrame | None,
) -> Criterion:
    """The criterion with the curves that the allocation was solved with."""
    tree = tree_of(hierarchy)
    baseline = next((leaves[name] for name in ("baseline", "history") if name in leaves), None)
    own = read_bounds(hierarchy, allocation.rules, baseline, allocation.step, columns=leaves)
    bounds = tighten(tree, own.low, own.high)
    steps = allocation.total // allocation.step
    low = bounds.least[tree.leaves]
    most = np.minimum(bounds.most[tree.leaves], np.maximum(steps - (low.sum() - low), low))
    return build(
        criterion, leaves, low=low, high=most, total=steps, step=allocation.step, draws=draws
    )


def _without_limits(tree: Tree) -> Bounds:
    low = np.full(len(tree.parents), -np.inf)
    low[tree.leaves] = 0.0
    return tighten(tree, low, np.full(len(tree.parents), np.inf))


def _stages(tree: Tree, allocation: Allocation, fair: Criterion) -> list[np.ndarray]:
    """What each leaf would carry at the level of its ancestor on every layer, top first, in
    money; what it does carry from its own layer on."""
    carried = allocation.nodes["exact"].to_numpy()[tree.leaves]
    level = allocation.nodes["level"].to_numpy()
    least = np.minimum(allocation.nodes["floor"].fillna(0.0).to_numpy()[tree.leaves], 0.0)
    out = []
    for layer, position in zip(tree.layers, tree.above, strict=True):
        inside = np.zeros(len(layer.nodes), dtype=bool)
        inside[layer.inner] = True
        under = np.append(inside, False)[position]
        at = np.append(level[layer.nodes], 0.0)[position]
        finite = under & np.isfinite(at)
        value, _ = fair.curves.at(np.where(finite, at, 0.0))
        value = np.maximum(value * allocation.step, least)
        out.append(np.where(finite & np.isfinite(value), value, carried))
    return out


def _freed(tree: Tree, allocation: Allocation, stages: list[np.ndarray]) -> np.ndarray:
    """What each node would carry at the level above it, with the limits inside but not its own."""
    low = allocation.nodes["floor"].fillna(-np.inf).to_numpy()
    high = allocation.nodes["ceiling"].fillna(np.inf).to_numpy()
    out = np.empty(len(tree.parents))
    out[0] = allocation.total
    for depth in range(1, len(tree.layers)):
        below = np.empty(0)
        for layer in tree.layers[: depth - 1 : -1]:
            here = np.empty(len(layer.nodes))
            here[layer.ends] = stages[depth - 1][layer.leaves]
            if len(layer.inner):
                here[layer.inner] = np.add.reduceat(below, layer.starts)
            below = np.clip(here, low[layer.nodes], high[layer.nodes])
        out[layer.nodes] = here
    return out


def _parts(
    tree: Tree, allocation: Allocation, even: np.ndarray, stages: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """The parts on every node, from readings of its leaves at one level after another.

    `fair` is rounded as targets are, so that it ties out; after it the running total is
    rounded, so that a part of nothing stays nothing.
    """
    target = allocation.nodes["target"].to_numpy()
    exact = allocation.nodes["exact"].to_numpy()
    read = np.vstack([tree.total(stage) for stage in stages])
    above = np.zeros(len(exact), dtype=np.int64)  # the layer above each node
    for number, layer in enumerate(tree.layers):
        above[layer.nodes] = max(number - 1, 0)
    common, over = read[0], read[above, np.arange(len(exact))]
    held = allocation.nodes["limited_by"].to_numpy() == allocation.nodes.index.to_numpy()
    own = np.where(held, exact - _freed(tree, allocation, stages), 0.0)
    own[tree.leaves] = (exact - over)[tree.leaves]
    common[0] = over[0] = even[0]  # the company has nobody to pass anything on to
    fair = round_tree(tree, even)
    layers = range(1, len(tree.layers) - 1)
    steps = [read[np.minimum(number, above), np.arange(len(exact))] for number in layers]
    names = ["redistribution", *(f"{_LAYER}{number}" for number in layers), "own", "inside"]
    running = [
        fair + np.rint(np.round(reading - even, 6)).astype(np.int64)
        for reading in (even, common, *steps, over + own, exact)
    ]
    parts = {
        name: after - before
        for name, before, after in zip(names, running, running[1:], strict=False)
    }
    by_layer = {name: part for name, part in parts.items() if name.startswith(_LAYER)}
    parts |= {"fair": fair, "above": np.zeros_like(fair), "rounding": target - running[-1]}
    for part in by_layer.values():
        parts["above"] = parts["above"] + part
    return {name: parts[name] for name in PARTS} | {"target": target} | by_layer


def _before(tree: Tree, leaves: pd.DataFrame, fair: np.ndarray) -> dict[str, np.ndarray]:
    """Last year, the forecast's change on it, and the criterion's step from there to fair."""
    last = next((leaves[name] for name in ("baseline", "history") if name in leaves), None)
    if last is None or "forecast" not in leaves:
        return {}
    baseline, forecast = (_whole(tree, values) for values in (last, leaves["forecast"]))
    return {
        "baseline": baseline,
        "forecast_change": forecast - baseline,
        "criterion": fair - forecast,
    }


def _whole(tree: Tree, values: pd.Series) -> np.ndarray:
    """Amounts of leaves on all nodes, in whole units; the company's is the one that is shown."""
    exact = tree.total(values.to_numpy(dtype=float))
    root = tree.layers[0].nodes
    exact[root] = np.rint(exact[root])
    return round_tree(tree, exact)


def sentence(
    explanation: pd.DataFrame,
    node: str,
    *,
    language: str = "en",
    unit: int = 1,
    unit_name: str = "",
    decimals: int = 0,
) -> str:
    """One sentence about a target that can be forwarded as it is.

    `Linda Mitchell, Southwest: 2,680. Last year 2,490, forecast +122, the common chance +24,
    others' limits +60, Southwest's ceiling −11, rounding −5.`

    Parameters
    ----------
    explanation
        From `explain`.
    node
        Whose target.
    language
        `"en"` or `"zh"`.
    unit, unit_name
        Figures are shown in multiples of it: `10_000, "万元"`. They add up as shown: the
        running total is rounded, not each part.
    decimals
        Of the figures as shown.
    """
    chinese = language == "zh"
    parts = labels(explanation, node, language=language)
    fine = 10**decimals
    shown = _shown([amount for _, amount in parts], unit / fine)
    who = _who(explanation, node, chinese)
    said = [
        f"{name} {_amount(value / fine, decimals, signed=place > 0)}"
        for place, ((name, _), value) in enumerate(zip(parts, shown, strict=True))
        if value or place == 0
    ]
    total = _amount(sum(shown) / fine, decimals, signed=False)
    if chinese:
        return f"{who}：{total}{' ' + unit_name if unit_name else ''}。{'，'.join(said)}。"
    said[0] = said[0][0].upper() + said[0][1:]
    return f"{who}: {total}{' ' + unit_name if unit_name else ''}. {', '.join(said)}."


def labels(explanation: pd.DataFrame, node: str, *, language: str = "en") -> list[tuple[str, int]]:
    """The parts of one target in the order in which they are told: what each is called, and money.

    They add up to the target; parts of nothing are among them.
    """
    row = explanation.loc[node]
    known = [name for name in _ORDER if name in explanation.columns]
    if "criterion" not in known:
        known = ["fair", *known]
    words = _words(explanation, row, node, language == "zh")
    parts = [(words[name], int(row[name])) for name in known]
    held = _by_layer(explanation, row, language == "zh")
    if held:
        at = known.index("above")
        parts[at : at + 1] = held
    return parts


def _by_layer(
    explanation: pd.DataFrame,
    row: pd.Series,
    chinese: bool,
) -> list[tuple[str, int]]:
    """The limits above a node, the nearest first, each with what it does."""
    path, node = [], str(row["parent"])
    while node:
        path.append(node)
        node = str(explanation.at[node, "parent"])
    out = []
    for layer in range(len(path) - 1, 0, -1):
        amount, owner = int(row[f"{_LAYER}{layer}"]), path[len(path) - 1 - layer]
        if amount:
            limit = str(explanation.at[owner, "limit"])
            kind = limit_words(limit, chinese=chinese)
            place = str(explanation.at[owner, "label"])
            out.append((f"{place}{kind}" if chinese else f"{place}'s {kind}", amount))
    return out


_ORDER = (
    "baseline",
    "forecast_change",
    "criterion",
    "redistribution",
    "own",
    "above",
    "inside",
    "rounding",
)
_WORDS = {  # part -> English, Chinese
    "baseline": ("last year", "去年实际"),
    "fair": ("fair share", "公平份额"),
    "forecast_change": ("forecast", "预测变化"),
    "redistribution": ("others' limits", "他人限制转移"),
    "inside": ("limits inside", "内部限制"),
    "rounding": ("rounding", "取整"),
}
_CRITERIA = {  # criterion -> English, Chinese
    "forecast": ("the common stretch", "同比例加压"),
    "history": ("last year's shares", "按去年占比"),
    "capacity": ("shares of capacity", "按产能占比"),
    "potential": ("shares of potential", "按潜力占比"),
    "plan": ("shares of the plan", "按原计划占比"),
    "equal growth": ("the common growth", "同等增长"),
    "equal uplift": ("the common uplift", "同额增加"),
    "equal headroom": ("the common use of headroom", "余量均等"),
    "equal chance": ("the common chance", "机会均等"),
    "least change": ("least change", "变动最小"),
    "few changes": ("few changes", "改动最少"),
    "blend": ("the blend", "综合标准"),
}
_LIMITS = {  # as the allocation names them -> English, Chinese
    "own floor": ("floor", "下限"),
    "own ceiling": ("ceiling", "上限"),
    "lock": ("lock", "锁定"),
    "growth": ("growth corridor", "增长区间"),
    "capacity": ("capacity", "产能"),
}


def limit_words(limit: str, *, chinese: bool) -> str:
    """What people call a limit that the allocation names `own floor`, `lock`, `growth` ..."""
    return _LIMITS.get(limit, ("limit", "限制"))[chinese]


def _words(explanation: pd.DataFrame, row: pd.Series, node: str, chinese: bool) -> dict[str, str]:
    """What each part is called in a sentence about `node`."""
    words = {name: pair[chinese] for name, pair in _WORDS.items()}
    criterion = str(explanation.attrs.get("criterion", ""))
    words["criterion"] = _CRITERIA.get(criterion, (criterion, criterion))[chinese]
    held = row["limited_by"] == node
    own = limit_words(str(row["limit"]) if held else "", chinese=chinese)
    words["own"] = f"自身{own}" if chinese else f"own {own}"
    words["above"] = "上级限制" if chinese else "limits above"
    return words


def _who(explanation: pd.DataFrame, node: str, chinese: bool) -> str:
    label, parent = explanation.at[node, "label"], explanation.at[node, "parent"]
    if parent in ("", ROOT):
        return str(label)
    above = explanation.at[parent, "label"]
    return f"{above}·{label}" if chinese else f"{label}, {above}"


def _shown(parts: list[int], unit: float) -> list[int]:
    """The parts in units so that they add up as shown: running totals are rounded."""
    running = np.rint(np.cumsum(parts) / unit).astype(np.int64)
    return np.diff(running, prepend=0).tolist()


def _amount(value: float, decimals: int, *, signed: bool) -> str:
    words = f"{value:+,.{decimals}f}" if signed and value else f"{value:,.{decimals}f}"
    return words.replace("-", "−")
