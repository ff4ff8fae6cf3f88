"""What-if changes as people say them: in English or Chinese, units by their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from salesforecast.hierarchy import ROOT, SEPARATOR
from salesforecast.planning.changes import (
    Assume,
    CapPlant,
    Change,
    Hire,
    Leave,
    Limit,
    MovePromotion,
    Price,
    Shock,
    Slip,
)
from salesforecast.planning.reshape import Merge, NewRegion, Rename, Split
from salesforecast.planning.what_if import WhatIf

_LIMITS = {"floor": "下限", "ceiling": "上限", "lock": "锁定值"}
_SETTINGS = {
    "total": "公司总目标", "chance": "达成概率", "stretch": "目标超出预测", "criterion": "分配准则",
    "step": "取整单位", "seed": "随机种子", "hedge": "加码", "blend": "混合",
}  # fmt: skip


def said(change: Change, language: str = "en", *, labels: Mapping[str, str] | None = None) -> str:
    """A change, or a whole what-if, as a planner would say it in English or Chinese.

    With `labels` (node to label) units are called by them instead of their paths.
    """
    if labels is not None:
        change = labelled(change, labels)
    if language != "zh":
        return change.words()
    if isinstance(change, WhatIf):
        return "；".join(said(one, language) for one in change.changes) or "无变化"
    return _zh(change)


def labelled(change: Change, labels: Mapping[str, str]) -> Change:
    """The change with labels in the place of paths: for people to read, not to apply."""
    if isinstance(change, WhatIf):
        return replace(change, changes=tuple(labelled(one, labels) for one in change.changes))
    values: dict[str, Any] = {}
    for part in fields(change):  # type: ignore[arg-type]
        value = getattr(change, part.name)
        if part.name in ("node", "leaf") and value != ROOT:
            values[part.name] = labels.get(value, value)
        elif part.name in ("nodes", "like"):
            values[part.name] = tuple(labels.get(one, one) for one in value)
    if isinstance(change, NewRegion):
        places = [place for place in change.path.split(SEPARATOR) if not place.startswith("(")]
        values["path"] = places[-1] if places else change.path
    return replace(change, **values)  # type: ignore[type-var]


def _scope(node: str, product: str = "", first: str = "", last: str = "") -> str:
    place = "全公司" if node == ROOT else node
    when = f"{first}起" if first and not last else f"{first}至{last}" if last else ""
    return f"{when}{place}{product}"


def _zh(change: Change) -> str:
    match change:
        case Shock():
            scope = _scope(change.node, change.product, change.first, change.last)
            return f"{scope}销售变动 {change.factor - 1:+.1%}"
        case Price():
            scope = _scope(change.node, change.product, change.first, change.last)
            return f"{scope}价格变动 {change.change:+.1%}（弹性 {change.elasticity:g}）"
        case Slip():
            return f"{change.product}上市推迟 {change.months} 个月"
        case MovePromotion():
            scope = _scope(change.node, change.product)
            return f"{scope}促销（{change.uplift:+.0%}）由 {change.old} 移至 {change.new}"
        case Limit():
            kind = _LIMITS.get(change.kind, change.kind)
            if change.amount is None:
                return f"解除{_scope(change.node)}的{kind}"
            return f"{_scope(change.node)}{kind}设为 {change.amount:,.0f}"
        case Assume():
            pairs = (
                f"{_SETTINGS.get(k, k)}＝{v:,}"
                if isinstance(v, int)
                else f"{_SETTINGS.get(k, k)}＝{v}"
                for k, v in change.settings.items()
            )
            return "，".join(pairs)
        case Hire():
            when = f"自 {change.start} 起" if change.start else ""
            return f"{when}{change.node}增加 {change.count} 人"
        case Leave():
            when = f"自 {change.start} 起" if change.start else ""
            return f"{when}{change.leaf}离开，{change.kept:.0%} 的销售保留"
        case CapPlant():
            return f"产能上限为 {change.amount:,.0f} {change.unit}"
        case Rename():
            return f"{change.node}更名为{change.label}"
        case Merge():
            return f"{'、'.join(change.nodes)}合并为{change.label}"
        case Split():
            return f"{change.node}拆分为{'、'.join(change.parts)}"
        case NewRegion():
            return f"新设{change.path}，规模为{'、'.join(change.like)}的 {change.size:.0%}"
    return change.words()
