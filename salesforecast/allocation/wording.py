"""Contradictions in planners' words, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
_LARGE = 1_000_000  # a unit of which hundredths would say too little


def number(value: float) -> str:
    """An amount with thousands separators; decimals only where it has some."""
    whole, tiny = float(value).is_integer(), abs(value) < 0.005
    words = f"{value:,.0f}" if whole else f"{value:.2g}" if tiny else f"{value:,.2f}"
    return words.replace("-", "−")


@dataclass(frozen=True)
class Voice:
    """How a planner is spoken to: the language, and what money is divided by before it is shown."""

    language: str = "en"
    divisor: int = 1

    @property
    def chinese(self) -> bool:
        """Whether to speak Chinese."""
        return self.language == "zh"

    def money(self, value: float) -> str:
        """An amount of money in the unit that is shown; of a large unit four decimals."""
        shown = value / self.divisor
        if self.divisor < _LARGE or shown.is_integer():
            return number(shown)
        return f"{shown:,.4f}".rstrip("0").rstrip(".").replace("-", "−")


def name(limits: Limits, node: str) -> str:
    """The node's label, or where others have the same its path; a house leaf with its place."""
    labels = limits.hierarchy.nodes["label"]
    if node not in labels.index:
        return node
    label = str(labels[node])
    if int((labels == label).sum()) == 1:
        return label
    if label.startswith("("):
        return f"{labels[limits.hierarchy.nodes.at[node, 'parent']]} {label}"
    return node


def kind(rule: Rule, voice: Voice) -> str:
    """What a planner calls this sort of limit."""
    return _KINDS[voice.language].get(type(rule).__name__, _OTHER[voice.language])


def listed(words: Sequence[str], voice: Voice) -> str:
    """`a, b and c`."""
    if voice.chinese:
        return "、".join(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def conflict(
    limits: Limits, forced: np.ndarray, left: np.ndarray, it: Conflict, voice: Voice
) -> tuple[str, str]:
    """What contradicts what at a node of the tree, and the ways out of it."""
    asked = float(limits.lower[forced].sum()) * limits.step
    allowed = float(limits.upper[left].sum()) * limits.step
    low, high = (
        _named(limits, forced, limits.lower, voice),
        _named(limits, left, limits.upper, voice),
    )
    fix = ways_out(limits, it.options, voice)
    where = name(limits, it.node)
    off = voice.money(it.shortfall)
    place = "" if where in low + high else where + ("：" if voice.chinese else ": ")
    dry = _left_with_nothing(limits, forced, it)
    alone = len(forced) == 1 and forced.tolist() == left.tolist()
    if not alone:  # of a single limit what it comes to is said beside it
        low, high = (
            _item(limits, which[0], 0.0, voice, amount="") if len(which) == 1 else words
            for which, words in ((forced, low), (left, high))
        )
    if voice.chinese:
        if alone:
            return f"{place}{low}中没有 {voice.money(limits.step)} 的整数倍。", fix
        sums = "合计" if len(forced) > 1 else ""
        asks = f"{low}{sums}要求 {voice.money(asked)}" if len(forced) else "目标不得低于零"
        text = f"{place}{asks}，{high}最多允许 {voice.money(allowed)}，相差 {off}。"
        more = f"连同另外 {it.others} 项限制，共差 {voice.money(it.whole)}。" if it.others else ""
        more += f"{listed(dry, voice)}将没有任何份额。" if dry else ""
        return text + more, fix
    if alone:
        return f"{place}{low} holds no multiple of the step of {voice.money(limits.step)}.", fix
    asks = (
        f"{low} {_verb(forced, 'ask')} for {voice.money(asked)}"
        if len(forced)
        else "no target is below zero"
    )
    text = f"{place}{asks}, {high} {_verb(left, 'allow')} {voice.money(allowed)}: {off} too much."
    if it.others:
        limits_there = "limit" if it.others == 1 else "limits"
        text += f" With {it.others} further {limits_there} there it is {voice.money(it.whole)}."
    if dry:
        text += f" Nothing would be left for {listed(dry, voice)}."
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


def knot(limits: Limits, which: np.ndarray, it: Conflict, voice: Voice) -> tuple[str, str]:
    """Which limits a shared capacity cannot hold together with, and the ways out of it."""
    values = np.where(np.isfinite(limits.lower), limits.lower, limits.upper)
    order = [at for at in which.tolist() if at in limits.weighted]
    order += [at for at in which.tolist() if at not in limits.weighted]
    words = [_item(limits, at, values[at], voice) for at in order[: _NAMED + 1]]
    rest = len(order) - len(words)
    short = f"{number(it.shortfall)} {it.unit}" if it.unit else voice.money(it.shortfall)
    fix = ways_out(limits, it.options, voice)
    if voice.chinese:
        words += [f"另外 {rest} 项限制"] if rest else []
        return f"{listed(words, voice)}无法同时满足：还差 {short}。", fix
    words += [f"{rest} more limits"] if rest else []
    text = f"{listed(words, voice)} cannot hold together: {short} too few."
    return text, fix


def ways_out(limits: Limits, options: Sequence[Sequence[Change]], voice: Voice) -> str:
    """The repairs as one sentence, the cheapest first."""
    told = [_way(limits, option, voice) for option in options]
    if voice.chinese:
        return "；或".join(told) + "。"
    return "; or ".join(told) + "."


def infeasible(texts: Sequence[str], fixes: Sequence[str], voice: Voice) -> tuple[str, str, str]:
    """What, where and fix of the error for several contradictions."""
    if not texts:
        return _nothing_found(voice)
    if voice.chinese:
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


def _nothing_found(voice: Voice) -> tuple[str, str, str]:
    if voice.chinese:
        return "没有找到整步长的方案。", "共用产能", "请减小步长，或略微提高一项共用产能。"
    return (
        "no allocation in whole steps was found.",
        "capacities shared by several units",
        "use a smaller step, or raise a shared capacity slightly.",
    )


def _named(limits: Limits, which: np.ndarray, values: np.ndarray, voice: Voice) -> str:
    if not len(which):
        return ""
    largest = sorted(which.tolist(), key=lambda at: -abs(values[at]))
    words = [_item(limits, at, values[at], voice) for at in largest[:_NAMED]]
    if len(largest) > _NAMED:
        count, rest = len(largest) - _NAMED, sum(values[at] for at in largest[_NAMED:])
        amount = voice.money(float(rest) * limits.step)
        words.append(
            f"另外 {count} 项（{amount}）" if voice.chinese else f"{count} more ({amount})"
        )
    return listed(words, voice)


def _item(
    limits: Limits, which: int, steps: float, voice: Voice, *, amount: str | None = None
) -> str:
    """One limit with its amount (`amount`, where it is given), who set it and why."""
    told = voice.money(float(steps) * limits.step) if amount is None else amount
    if which == limits.total_at:
        return ("总目标" if voice.chinese else "the total") + _bracket([told], voice)
    rule = limits.rules[which]
    if isinstance(rule, Sum):
        chinese = voice.chinese
        said = f"{rule.bounds(voice.language, voice.money)}{_set_by(rule, voice)}"
        return f"{rule.called[1]}（{said}）" if chinese else f"{rule.called[0]} ({said})"
    if isinstance(rule, Capacity) and which in limits.weighted:
        return _shared(limits, rule, voice)
    at = limits.at[which]
    node = str(limits.hierarchy.nodes.index[at]) if at >= 0 else rule.node
    as_set = getattr(rule, "amount", np.nan)
    if told and not isinstance(rule, Capacity) and abs(as_set / limits.step - steps) < 1:
        told = voice.money(as_set)
    bracket = _bracket([_extra(rule, voice), told, _set_by(rule, voice)], voice)
    if voice.chinese:
        return f"{name(limits, node)}的{kind(rule, voice)}{bracket}"
    return f"{name(limits, node)}'s {kind(rule, voice)}{bracket}"


def _bracket(said: Sequence[str], voice: Voice) -> str:
    """What there is to say in brackets; its marks stand between two things only."""
    marks = "，,; "
    words = "".join(said).strip(marks)
    if not words:
        return ""
    return f"（{words}）" if voice.chinese else f" ({words})"


def _shared(limits: Limits, rule: Capacity, voice: Voice) -> str:
    users = listed([name(limits, node) for node in rule.uses], voice)
    amount = f"{number(rule.amount)} {rule.unit}{_set_by(rule, voice)}"
    if voice.chinese:
        return f"{users}共用的产能（{amount}）"
    return f"the capacity that {users} share ({amount})"


def _extra(rule: Rule, voice: Voice) -> str:
    if isinstance(rule, Capacity):
        return (
            f"{number(rule.amount)} {rule.unit}, "
            if not voice.chinese
            else f"{number(rule.amount)} {rule.unit}，"
        )
    if isinstance(rule, GrowthBand):
        band = f"{_percent(rule.low, voice)} … {_percent(rule.high, voice)}"
        return f"{band}, " if not voice.chinese else f"{band}，"
    return ""


def _percent(value: float, voice: Voice) -> str:
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value * 100:+.1f}{' %' if not voice.chinese else '%'}".replace("-", "−")


def _set_by(rule: Rule, voice: Voice) -> str:
    said = [word for word in (rule.owner, rule.reason) if word]
    if not said:
        return ""
    return "，" + "，".join(said) if voice.chinese else "; " + ", ".join(said)


def _verb(which: np.ndarray, verb: str) -> str:
    return verb + "s" if len(which) == 1 else verb


def _way(limits: Limits, option: Sequence[Change], voice: Voice) -> str:
    words = [_change(limits, change, voice) for change in option[:_NAMED]]
    if len(option) > _NAMED:
        count = len(option) - _NAMED
        words.append(f"另调整 {count} 项" if voice.chinese else f"{count} more likewise")
    return listed(words, voice)


def _change(limits: Limits, change: Change, voice: Voice) -> str:
    chinese = voice.chinese
    if change.rule is None:
        assert isinstance(change.to, (int, float))
        new = voice.money(change.to)
        return f"总目标改为 {new}" if chinese else f"change the total to {new}"
    rule = change.rule
    if isinstance(rule, Sum):
        return _changed_sum(rule, change.to, voice)
    node = str(rule.node)
    who, what = name(limits, node), kind(rule, voice)
    if change.to is None or isinstance(change.to, (int, float)):
        return f"取消{who}的{what}" if chinese else f"release {who}'s {what}"
    new, up = new_value(rule, change.to, voice)
    if chinese:
        return f"{who}的{what}{'提高' if up else '降低'}到 {new}"
    return f"{'raise' if up else 'lower'} {who}'s {what} to {new}"


def _changed_sum(rule: Sum, to: Rule | float | None, voice: Voice) -> str:
    chinese = voice.chinese
    if not isinstance(to, Sum):
        return f"取消{rule.called[1]}" if chinese else f"release {rule.called[0]}"
    if chinese:
        return f"{rule.called[1]}改为{to.bounds('zh', voice.money)}"
    return f"change {rule.called[0]} to {to.bounds('en', voice.money)}"


def new_value(rule: Rule, to: Rule, voice: Voice) -> tuple[str, bool]:
    """The new value of a limit in words, and whether it is higher."""
    if isinstance(rule, GrowthBand) and isinstance(to, GrowthBand):
        band = f"{_percent(to.low, voice)} … {_percent(to.high, voice)}"
        return band, to.high > rule.high
    old, new = getattr(rule, "amount", np.nan), getattr(to, "amount", np.nan)
    words = f"{number(new)} {to.unit}" if isinstance(to, Capacity) else voice.money(new)
    return words, new > old
