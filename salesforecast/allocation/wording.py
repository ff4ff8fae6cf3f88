"""Contradictions in planners' words, in English and Chinese."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from salesforecast.allocation.limits import Limits
from salesforecast.rules import Capacity, GrowthBand, Rule, Sum

if TYPE_CHECKING:
    from salesforecast.allocation.conflicts import Change, Conflict

_NAMED = 5  # limits named one by one; the rest are counted
_KINDS = {
    "en": {
        "Floor": "floor",
        "Ceiling": "ceiling",
        "Lock": "lock",
        "GrowthBand": "growth corridor",
        "Capacity": "capacity",
    },
    "zh": {
        "Floor": "下限",
        "Ceiling": "上限",
        "Lock": "锁定值",
        "GrowthBand": "增长区间",
        "Capacity": "产能",
    },
}
_OTHER = {"en": "limit", "zh": "限制"}


def number(value: float) -> str:
    """An amount with thousands separators; decimals only where it has some."""
    words = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return words.replace("-", "−")


def name(limits: Limits, node: str) -> str:
    """The node's label, or its path where another node has the same label."""
    labels = limits.hierarchy.nodes["label"]
    if node not in labels.index:
        return node
    label = str(labels[node])
    return label if int((labels == label).sum()) == 1 else node


def kind(rule: Rule, language: str) -> str:
    """What a planner calls this sort of limit."""
    return _KINDS[language].get(type(rule).__name__, _OTHER[language])


def listed(words: Sequence[str], language: str) -> str:
    """`a, b and c`."""
    if language == "zh":
        return "、".join(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def conflict(
    limits: Limits, forced: np.ndarray, left: np.ndarray, it: Conflict, language: str
) -> tuple[str, str]:
    """What contradicts what at a node of the tree, and the ways out of it."""
    asked = float(limits.lower[forced].sum()) * limits.step
    allowed = float(limits.upper[left].sum()) * limits.step
    low, high = (
        _named(limits, forced, limits.lower, language),
        _named(limits, left, limits.upper, language),
    )
    fix = ways_out(limits, it.options, language)
    where = name(limits, it.node)
    off = number(it.shortfall)
    dry = _left_with_nothing(limits, forced, it)
    alone = len(forced) == 1 and forced.tolist() == left.tolist()
    if language == "zh":
        if alone:
            return f"{where}：{low}中没有 {number(limits.step)} 的整数倍。", fix
        asks = f"{low}合计要求 {number(asked)}" if len(forced) else "目标不得低于零"
        text = f"{where}：{asks}，{high}最多允许 {number(allowed)}，相差 {off}。"
        more = f"连同另外 {it.others} 项限制，共差 {number(it.whole)}。" if it.others else ""
        more += f"{listed(dry, language)}将没有任何份额。" if dry else ""
        return text + more, fix
    if alone:
        return f"{where}: {low} holds no multiple of the step of {number(limits.step)}.", fix
    asks = (
        f"{low} {_verb(forced, 'ask')} for {number(asked)}"
        if len(forced)
        else "no target is below zero"
    )
    text = f"{where}: {asks}, {high} {_verb(left, 'allow')} {number(allowed)}: {off} too much."
    if it.others:
        limits_there = "limit" if it.others == 1 else "limits"
        text += f" With {it.others} further {limits_there} there it is {number(it.whole)}."
    if dry:
        text += f" Nothing would be left for {listed(dry, language)}."
    return text, fix


def _left_with_nothing(limits: Limits, forced: np.ndarray, it: Conflict) -> list[str]:
    """Units right below the node that no limit keeps above zero, when others use up all there is."""
    node = int(limits.hierarchy.nodes.index.get_loc(it.node))
    if node in limits.at[forced]:
        return []
    children = limits.tree.children(node)
    kept = limits.sides(node).low[children - node] > 0
    names = [name(limits, str(limits.hierarchy.nodes.index[at])) for at in children[~kept]]
    if len(names) > _NAMED:
        names = [*names[:_NAMED], "…"]
    return names if len(forced) else []


def knot(limits: Limits, which: np.ndarray, it: Conflict, language: str) -> tuple[str, str]:
    """Which limits a shared capacity cannot hold together with, and the ways out of it."""
    values = np.where(np.isfinite(limits.lower), limits.lower, limits.upper)
    order = [at for at in which.tolist() if at in limits.weighted]
    order += [at for at in which.tolist() if at not in limits.weighted]
    words = [_item(limits, at, values[at], language) for at in order[: _NAMED + 1]]
    rest = len(order) - len(words)
    unit = f" {it.unit}" if it.unit else ""
    fix = ways_out(limits, it.options, language)
    if language == "zh":
        words += [f"另外 {rest} 项限制"] if rest else []
        return f"{listed(words, language)}无法同时满足：还差 {number(it.shortfall)}{unit}。", fix
    words += [f"{rest} more limits"] if rest else []
    text = f"{listed(words, language)} cannot hold together: {number(it.shortfall)}{unit} too few."
    return text, fix


def ways_out(limits: Limits, options: Sequence[Sequence[Change]], language: str) -> str:
    """The repairs as one sentence, the cheapest first."""
    told = [_way(limits, option, language) for option in options]
    if language == "zh":
        return "；或".join(told) + "。"
    return "; or ".join(told) + "."


def infeasible(texts: Sequence[str], fixes: Sequence[str], language: str) -> tuple[str, str, str]:
    """What, where and fix of the error for several contradictions."""
    if not texts:
        return _nothing_found(language)
    if language == "zh":
        what = f"没有方案能同时满足所有限制：{len(texts)} 处矛盾。"
    elif len(texts) == 1:
        what = "no allocation satisfies every limit."
    else:
        what = f"no allocation satisfies every limit: {len(texts)} contradictions."
    numbered = len(texts) > 1
    where, fix = (
        " ".join(f"({at}) {line}" if numbered else line for at, line in enumerate(lines, 1))
        for lines in (texts, fixes)
    )
    return what, where, fix


def _nothing_found(language: str) -> tuple[str, str, str]:
    if language == "zh":
        return "没有找到整步长的方案。", "共用产能", "请减小步长，或略微提高一项共用产能。"
    return (
        "no allocation in whole steps was found.",
        "capacities shared by several units",
        "use a smaller step, or raise a shared capacity slightly.",
    )


def _named(limits: Limits, which: np.ndarray, values: np.ndarray, language: str) -> str:
    if not len(which):
        return ""
    largest = sorted(which.tolist(), key=lambda at: -abs(values[at]))
    words = [_item(limits, at, values[at], language) for at in largest[:_NAMED]]
    if len(largest) > _NAMED:
        count, rest = len(largest) - _NAMED, sum(values[at] for at in largest[_NAMED:])
        amount = number(float(rest) * limits.step)
        words.append(
            f"另外 {count} 项（{amount}）" if language == "zh" else f"{count} more ({amount})"
        )
    return listed(words, language)


def _item(limits: Limits, which: int, steps: float, language: str) -> str:
    amount = number(float(steps) * limits.step)
    if which == limits.total_at:
        return f"总目标（{amount}）" if language == "zh" else f"the total ({amount})"
    rule = limits.rules[which]
    if isinstance(rule, Sum):
        chinese = language == "zh"
        said = f"{rule.bounds(language)}{_set_by(rule, language)}"
        return f"{rule.called[1]}（{said}）" if chinese else f"{rule.called[0]} ({said})"
    if isinstance(rule, Capacity) and which in limits.weighted:
        return _shared(limits, rule, language)
    at = limits.at[which]
    node = str(limits.hierarchy.nodes.index[at]) if at >= 0 else rule.node
    as_set = getattr(rule, "amount", np.nan)
    if not isinstance(rule, Capacity) and abs(as_set / limits.step - steps) < 1:
        amount = number(as_set)
    set_by = _set_by(rule, language)
    extra = _extra(rule, language)
    if language == "zh":
        return f"{name(limits, node)}{kind(rule, language)}（{extra}{amount}{set_by}）"
    return f"{name(limits, node)}'s {kind(rule, language)} ({extra}{amount}{set_by})"


def _shared(limits: Limits, rule: Capacity, language: str) -> str:
    users = listed([name(limits, node) for node in rule.uses], language)
    amount = f"{number(rule.amount)} {rule.unit}{_set_by(rule, language)}"
    if language == "zh":
        return f"{users}共用的产能（{amount}）"
    return f"the capacity that {users} share ({amount})"


def _extra(rule: Rule, language: str) -> str:
    if isinstance(rule, Capacity):
        return (
            f"{number(rule.amount)} {rule.unit}, "
            if language == "en"
            else f"{number(rule.amount)} {rule.unit}，"
        )
    if isinstance(rule, GrowthBand):
        band = f"{_percent(rule.low, language)} … {_percent(rule.high, language)}"
        return f"{band}, " if language == "en" else f"{band}，"
    return ""


def _percent(value: float, language: str) -> str:
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value * 100:+.1f}{' %' if language == 'en' else '%'}".replace("-", "−")


def _set_by(rule: Rule, language: str) -> str:
    said = [word for word in (rule.owner, rule.reason) if word]
    if not said:
        return ""
    return "，" + "，".join(said) if language == "zh" else "; " + ", ".join(said)


def _verb(which: np.ndarray, verb: str) -> str:
    return verb + "s" if len(which) == 1 else verb


def _way(limits: Limits, option: Sequence[Change], language: str) -> str:
    words = [_change(limits, change, language) for change in option[:_NAMED]]
    if len(option) > _NAMED:
        count = len(option) - _NAMED
        words.append(f"另调整 {count} 项" if language == "zh" else f"{count} more likewise")
    return listed(words, language)


def _change(limits: Limits, change: Change, language: str) -> str:
    chinese = language == "zh"
    if change.rule is None:
        assert isinstance(change.to, (int, float))
        new = number(change.to)
        return f"总目标改为 {new}" if chinese else f"change the total to {new}"
    rule = change.rule
    if isinstance(rule, Sum):
        return _changed_sum(rule, change.to, chinese=chinese)
    node = str(rule.node)
    who, what = name(limits, node), kind(rule, language)
    if change.to is None or isinstance(change.to, (int, float)):
        return f"取消{who}{what}" if chinese else f"release {who}'s {what}"
    new, up = _new(rule, change.to, language)
    if chinese:
        return f"{who}{what}{'提高' if up else '降低'}到 {new}"
    return f"{'raise' if up else 'lower'} {who}'s {what} to {new}"


def _changed_sum(rule: Sum, to: Rule | float | None, *, chinese: bool) -> str:
    if not isinstance(to, Sum):
        return f"取消{rule.called[1]}" if chinese else f"release {rule.called[0]}"
    if chinese:
        return f"{rule.called[1]}改为{to.bounds('zh')}"
    return f"change {rule.called[0]} to {to.bounds()}"


def _new(rule: Rule, to: Rule, language: str) -> tuple[str, bool]:
    """The new value of a limit in words, and whether it is higher."""
    if isinstance(rule, GrowthBand) and isinstance(to, GrowthBand):
        band = f"{_percent(to.low, language)} … {_percent(to.high, language)}"
        return band, to.high > rule.high
    old, new = getattr(rule, "amount", np.nan), getattr(to, "amount", np.nan)
    unit = f" {to.unit}" if isinstance(to, Capacity) else ""
    return number(new) + unit, new > old


Say = Callable[["Conflict", str], tuple[str, str]]
