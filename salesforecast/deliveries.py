"""What is odd about a delivery beside the one before, said by code, in both languages.

Part of the catalogue in `findings`, as `notes` is; figures are put in there.
"""

from __future__ import annotations

from collections.abc import Mapping

_SETTLE = "Correct the delivery; or, if it is right, say so in [gate]: "
_SETTLE_ZH = "请更正数据；如数据无误，请在 [gate] 中写明："

ENGLISH: Mapping[str, tuple[str, str]] = {
    "gate old": (
        "the newest sale is {age:,} days old, {allowed:g} are allowed",
        "See whether the delivery has stopped; or allow more: max_age_days.",
    ),
    "gate ahead": (
        "the newest sale lies {n:day|days} ahead of this machine's clock",
        "Correct the date in the delivery, or the clock.",
    ),
    "gate volume": (
        "{lines:,} order lines, {usual:,.0f} in each of the three periods before",
        f"{_SETTLE}fewer_lines.",
    ),
    "gate gaps": (
        "{n} periods without any sale",
        f"Looked at from {{after}} on. {_SETTLE}empty_periods.",
    ),
    "gate drop": (
        "'{place}' fell by {share:.0%}, from {was:,.0f} to {now:,.0f}",
        f'{_SETTLE}drop, or accept = ["{{place}}"].',
    ),
    "gate columns new": ("new columns: {names}", "None of them is read; nothing to do."),
    "gate columns gone": ("columns that are gone: {names}", "None of them was read; nothing to do."),
    "gate lost": (
        "{lost:,} of {old:,} order lines of the last run are gone",
        f"{_SETTLE}lost_lines.",
    ),
    "gate calendar": (
        "months have other days than at the last good run",
        "The two cannot be held against each other, period by period: this time nothing is compared.",
    ),
    "gate restated": (
        "history was restated in {n} places and products, together {change:+,.0f}",
        "The forecast rests on the new figures.",
    ),
    "gate restated far": (
        "history was restated in {n:place|places}, the most in '{worst}' ({share:.0%} of its sales)",
        f"{_SETTLE}restated, or accept.",
    ),
    "gate places renamed": (
        "the places have changed, new: {new}; gone: {gone}",
        'If they are the same, write into the organisation file: [[region]] was = ["{was}"], '
        'now = ["{became}"], since = "{since}".',
    ),
    "gate places moved": (
        "the places have changed, new: {new}; gone: {gone}",
        "Say in the organisation file what each became: [[region]] was = [...], now = [...], "
        'since = "{since}".',
    ),
    "gate places new": (
        "the places have changed, new: {new}",
        "If that is right, write into [gate]: accept = {listed}.",
    ),
    "gate places gone": (
        "the places have changed, gone: {gone}",
        "If that is right, write into [gate]: accept = {listed}.",
    ),
    "gate products gone": (
        "products that have vanished from history: {names}",
        f"{_SETTLE}accept = {{listed}}.",
    ),
    "gate products new": ("new products: {names}", "They are forecast from what there is."),
    "gate stopped": ("'{product}' sold every period and has stopped", "See whether it is missing."),
}  # fmt: skip
CHINESE: Mapping[str, tuple[str, str]] = {
    "gate old": (
        "最新一笔销售在 {age:,} 天之前，允许 {allowed:g} 天",
        "请查看数据是否已停止送达；或放宽 max_age_days。",
    ),
    "gate ahead": ("最新一笔销售比本机时钟晚 {n} 天", "请更正数据中的日期，或校准时钟。"),
    "gate volume": (
        "只有 {lines:,} 行订单，此前三个期间平均 {usual:,.0f} 行",
        f"{_SETTLE_ZH}fewer_lines。",
    ),
    "gate gaps": ("{n} 个期间没有任何销售", f"自 {{after}} 起。{_SETTLE_ZH}empty_periods。"),
    "gate drop": (
        "“{place}”下降 {share:.0%}，由 {was:,.0f} 降至 {now:,.0f}",
        f'{_SETTLE_ZH}drop，或 accept = ["{{place}}"]。',
    ),
    "gate columns new": ("新增列：{names}", "这些列不被读取，无需处理。"),
    "gate columns gone": ("消失的列：{names}", "这些列不被读取，无需处理。"),
    "gate lost": ("上次运行的 {old:,} 行订单中有 {lost:,} 行消失", f"{_SETTLE_ZH}lost_lines。"),
    "gate calendar": ("业务月的起止日与上次成功运行不同", "两次数据无法逐期对照：本次不作比较。"),
    "gate restated": (
        "历史数据在 {n} 处（地区×产品×期间）被改动，合计 {change:+,.0f}",
        "预测以新数字为准。",
    ),
    "gate restated far": (
        "{n} 个地区的历史数据被改动，“{worst}”改动最大（占其销售额的 {share:.0%}）",
        f"{_SETTLE_ZH}restated，或 accept。",
    ),
    "gate places renamed": (
        "地区有变化，新增：{new}；消失：{gone}",
        '如果是同一地区，请在组织文件中写明：[[region]] was = ["{was}"], now = ["{became}"], '
        'since = "{since}"。',
    ),
    "gate places moved": (
        "地区有变化，新增：{new}；消失：{gone}",
        "请在组织文件中写明各自变成了什么：[[region]] was = [...], now = [...], "
        'since = "{since}"。',
    ),
    "gate places new": (
        "地区有变化，新增：{new}",
        "如果无误，请在 [gate] 中写明：accept = {listed}。",
    ),
    "gate places gone": (
        "地区有变化，消失：{gone}",
        "如果无误，请在 [gate] 中写明：accept = {listed}。",
    ),
    "gate products gone": ("从历史中消失的产品：{names}", f"{_SETTLE_ZH}accept = {{listed}}。"),
    "gate products new": ("新增产品：{names}", "按现有数据预测。"),
    "gate stopped": ("“{product}”此前每期都有销售，现已中断", "请查看数据是否缺失。"),
}
