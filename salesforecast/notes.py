"""What moves a forecast besides time, said by code: the observation and what was done, a language each.

Part of the catalogue in `findings`; figures are put in there. Signed shares come as texts (`+3.1 %`).
"""

from __future__ import annotations

from collections.abc import Mapping

_UNDO = 'To undo: [treatment] keep = ["{keep}"].'
_UNDO_ZH = '撤销：[treatment] keep = ["{keep}"]。'

ENGLISH: Mapping[str, tuple[str, str]] = {
    "note shift": (
        "a lasting change of {change} at {node}, {product}",
        f"History before it is lifted to the level after it. {_UNDO}",
    ),
    "note outlier": (
        "{was:,.0f} at {node}, {product}, where about {now:,.0f} was usual",
        f"It counts as what was usual. {_UNDO}",
    ),
    "note kept": ("left as it is", "As [treatment] keep says."),
    "note years": ("{name} does not move between years", "It has no effect."),
    "note no holiday": (
        "{name}: no effect to be seen in {periods} periods",
        "Nothing is changed.",
    ),
    "note holiday": (
        "{name} moves sales of the period that holds it: {sizes}",
        "Learned from {periods} periods, taken out of the past and put back where it falls: {ahead}.",
    ),
    "note constant": ("{name} never changed", "It has no effect to learn."),
    "note cause": (
        "{name}: {unit} moves sales by {middle} ({low} to {high} from unit to unit)",
        "Learned from {periods} periods and taken out of the past; ahead it moves the forecast by {ahead}.",
    ),
    "note given": (
        "{name}: {unit} moves sales by {middle}",
        "As given; ahead it moves the forecast by {ahead}.",
    ),
    "note unseen": (
        "{name}: {unit} moves sales by {middle}, within its own uncertainty",
        "Learned from {periods} periods; ahead it moves the forecast by {ahead}.",
    ),
    "note growth": (
        "{node} sold {years} times the year before: exceptional growth",
        "Forecast at {expected:.2f} times the same periods of last year, damped to {kept:.2f}: growth of "
        f"that kind seldom lasts. {_UNDO}",
    ),
    "note pipeline": (
        "the pipeline of {node} holds {value:,.0f}, weighted; {coverage:.2f} of it came true as sales",
        "Its past error was {ours:.0%}, the models' {theirs:.0%}, over {n:statement|statements}: it counts "
        "{weight:.0%} and moves the forecast by {change}.",
    ),
    "note pipeline shown": (
        "the pipeline of {node} holds {value:,.0f}, weighted",
        "Shown only: with {n:outcome|outcomes} too little is known to weigh it.",
    ),
    "note opened": ("{node} sells by now", "Its own history counts; take the [[opening]] out."),
    "note opening": (
        "{node} has not sold yet: {value:,.0f} is expected, borrowed from {like}",
        "A rough figure: two times in three between {low:.0%} and {high:.0%} of it.",
    ),
    "note no overrides": (
        "overrides are declared, and their file is not there",
        "None is in force; check its name, or write the first one.",
    ),
    "note override": (
        "{author} set {node} to {value:,.0f} in {periods}",
        "The models said {without:,.0f} ({change}). Reason: {reason}",
    ),
}
CHINESE: Mapping[str, tuple[str, str]] = {
    "note shift": (
        "{node}、{product} 的水平持续变动 {change}",
        f"此前的历史已调整到变动后的水平。{_UNDO_ZH}",
    ),
    "note outlier": (
        "{node}、{product} 为 {was:,.0f}，通常约 {now:,.0f}",
        f"按通常水平计算。{_UNDO_ZH}",
    ),
    "note kept": ("保持原样", "按 [treatment] keep 的规定。"),
    "note years": ("{name} 在各年之间不移动", "没有影响。"),
    "note no holiday": ("{name}：{periods} 个期间中看不出影响", "未作调整。"),
    "note holiday": (
        "{name} 影响所在期间的销售：{sizes}",
        "由 {periods} 个期间学得，已从历史中剔除，并在将来所在期间加回：{ahead}。",
    ),
    "note constant": ("{name} 从未变化", "无法得知其影响。"),
    "note cause": (
        "{name}：{unit} 使销售变动 {middle}（各单位 {low} 至 {high}）",
        "由 {periods} 个期间学得，已从历史中剔除；对预测的影响为 {ahead}。",
    ),
    "note given": ("{name}：{unit} 使销售变动 {middle}", "按给定值；对预测的影响为 {ahead}。"),
    "note unseen": (
        "{name}：{unit} 使销售变动 {middle}，未超出自身误差",
        "由 {periods} 个期间学得；对预测的影响为 {ahead}。",
    ),
    "note growth": (
        "{node} 的销售逐年为上年的 {years} 倍：异常增长",
        "预测原为去年同期的 {expected:.2f} 倍，折减为 {kept:.2f} 倍：此类增长很少持续。" + _UNDO_ZH,
    ),
    "note pipeline": (
        "{node} 的项目储备加权为 {value:,.0f}，以往实现为销售的比例为 {coverage:.2f}",
        "以往 {n} 次的误差为 {ours:.0%}，模型为 {theirs:.0%}：权重 {weight:.0%}，使预测变动 {change}。",
    ),
    "note pipeline shown": (
        "{node} 的项目储备加权为 {value:,.0f}",
        "仅供参考：已知结果 {n} 次，不足以确定权重。",
    ),
    "note opened": ("{node} 已有销售", "以其自身历史为准，请删去 [[opening]]。"),
    "note opening": (
        "{node} 尚无销售：预计 {value:,.0f}，参照 {like}",
        "粗略估计：约三分之二的可能在其 {low:.0%} 至 {high:.0%} 之间。",
    ),
    "note no overrides": (
        "已声明人工调整，但文件不存在",
        "没有调整生效；请检查文件名，或写入第一条调整。",
    ),
    "note override": (
        "{author} 将 {node} 在 {periods} 的预测定为 {value:,.0f}",
        "模型预测为 {without:,.0f}（{change}）。理由：{reason}",
    ),
}
SIZES = {power: f"{10.0**power:,.{max(-power, 0)}f}" for power in range(-4, 10)}  # of "more"
UNITS: Mapping[str, str] = {  # stored words inside of a Chinese sentence
    "one day of 21": "多一个工作日（按 21 天计）",
    "10 % more": "提高 10 %",
    **{f"{size} more": f"每增加 {size}" for size in SIZES.values()},
    "the event": "该事件",
    "working days": "工作日",
    "length of the period": "业务月的长度",
    "a fifth week": "多出的第五周",
}
