"""What the page of the monthly review says, in English and Chinese."""

from __future__ import annotations

from salesforecast.reporting.wording import Wording

_EN = {
    "title": "Monthly review, {plan}, as of {day}",
    "head": "{organisation}: {plan}, as of {day}, in {unit}",
    "head_no_unit": "{organisation}: {plan}, as of {day}",
    "headline": "{day}: {actual} sold, {percent} of the target to date. The plan lands at {landing}, {side}.",
    "headline_over": "The plan is over: {actual} sold, {percent} of the target of {target}.",
    "short_by": "short by {amount}",
    "ahead_by": "{amount} above the target",
    "on_target": "on the target",
    "lead_chance": "The target of {target} is reached in **{chance} of 100** simulated futures.",
    "lead_units": "{above} of {count} units are above their target to date, {equal} equal, {below} below.",
    "lead_warned": "{count} early warnings.",
    "lead_warned_1": "One early warning.",
    "lead_warned_0": "No early warning.",
    "unit": "Unit",
    "target": "Target",
    "so_far": "Total<br>so far",
    "attained": "of target<br>to date",
    "landing": "Landing",
    "range": "Landing, 80 % range<br>target ±{reach} %",
    "chance": "Chance",
    "indicators": "Indicators (triangle up: better than the target)",
    "key_above": "above target",
    "key_equal": "equal, within 0.5 %",
    "key_below": "below target",
    "key_rest": "Small figure: actual in % of the month's target. No colour: no data yet; grey is the month's target.",
    "gap": "Gap to target so far, and where the plan lands",
    "gap_now": "{amount} in {month}",
    "gap_target": "target {amount}",
    "gap_landing": "{amount} landing",
    "gap_end": "{amount}, 1 in 10",
    "warnings": "Early warnings",
    "no_warnings": "No unit's chance to reach its target is below {percent}.",
    "warning": "**{label} will probably miss: {chance} in 100 to reach {target}.** At {percent} of the target to date, landing {landing}, short by {short}.",
    "needed": "The open months must bring {times} of their targets.",
    "rule": "Warned when the chance to reach the target is below {percent}.",
    "record": "In {years} past years such warnings found {found} of the misses, and {alarms} of the targets that were reached had a warning.",
    "no_record": "How far such warnings can be trusted cannot be counted yet: fewer than three whole years are known.",
    "people": "People, attainment to date",
    "places": "Units, attainment to date",
    "hidden": "{count} between them are not shown.",
    "quantities": "For production and purchasing: pieces that the open months ask for",
    "product": "Product",
    "total": "Total",
    "price": "At the prices of the past; amounts in pieces.",
    "above": "above",
    "equal": "equal",
    "below": "below",
    "warned": "early warning",
    "more": "and {count} more",
}  # fmt: skip

_ZH = {
    "title": "月度回顾，{plan}，截至{day}",
    "head": "{organisation}：{plan}，截至{day}，单位：{unit}",
    "head_no_unit": "{organisation}：{plan}，截至{day}",
    "headline": "截至{day}：实际 {actual}，完成进度目标的 {percent}。预计全期 {landing}，{side}。",
    "headline_over": "计划期已结束：实际 {actual}，完成目标 {target} 的 {percent}。",
    "short_by": "缺口 {amount}",
    "ahead_by": "超出目标 {amount}",
    "on_target": "与目标持平",
    "lead_chance": "模拟 100 次中有 **{chance}** 次达到目标 {target}。",
    "lead_units": "{count} 个单位中，{above} 个超进度，{equal} 个持平，{below} 个落后。",
    "lead_warned": "预警 {count} 项。",
    "lead_warned_1": "预警 1 项。",
    "lead_warned_0": "没有预警。",
    "unit": "单位",
    "target": "目标",
    "so_far": "累计<br>实际",
    "attained": "进度<br>达成率",
    "landing": "预计全期",
    "range": "预计全期 80% 区间<br>目标 ±{reach}%",
    "chance": "达成概率",
    "indicators": "指标（向上三角：优于目标）",
    "key_above": "高于目标",
    "key_equal": "持平，0.5% 以内",
    "key_below": "低于目标",
    "key_rest": "小字：实际占当月目标的百分比。无底色：尚无数据；灰字为当月目标。",
    "gap": "累计差距与预计落点",
    "gap_now": "{month} {amount}",
    "gap_target": "目标 {amount}",
    "gap_landing": "预计 {amount}",
    "gap_end": "{amount}，十分之一",
    "warnings": "预警",
    "no_warnings": "没有单位的达成概率低于 {percent}。",
    "warning": "**{label}预计难以完成：达成 {target} 的概率为 {chance}%。** 进度达成率 {percent}，预计全期 {landing}，缺口 {short}。",
    "needed": "其余月份须完成其目标的 {times}。",
    "rule": "达成概率低于 {percent} 时预警。",
    "record": "过去 {years} 年中，此类预警提前发现了 {found} 的未达成；已达成的目标中有 {alarms} 曾被预警。",
    "no_record": "完整年度不足三年，尚无法统计此类预警的可信度。",
    "people": "人员进度达成率",
    "places": "单位进度达成率",
    "hidden": "中间 {count} 个未显示。",
    "quantities": "供生产与采购：其余月份目标所需的数量",
    "product": "产品",
    "total": "合计",
    "price": "按过去的价格折算，单位：件。",
    "above": "高于目标",
    "equal": "持平",
    "below": "低于目标",
    "warned": "预警",
    "more": "另有 {count} 项",
}  # fmt: skip

CATALOGUES = {"en": _EN, "zh": _ZH}


class ReviewWording(Wording):
    """The words of the review's page; numbers, names and months as on every other page."""

    def say(self, key: str, **values: object) -> str:
        """The review's sentence called `key`; one of the common catalogue where it has none."""
        own = CATALOGUES[self.language]
        if key not in own:
            return super().say(key, **values)
        return own[key].replace("**", "").format(**values)

    def html(self, key: str, **values: object) -> str:
        """The same as HTML: values escaped, `**bold**` set bold, `<br>` kept."""
        from html import escape

        text = escape(CATALOGUES[self.language][key], quote=False).replace("&lt;br&gt;", "<br>")
        halves = text.split("**")
        bold = "".join(f"<b>{h}</b>" if at % 2 else h for at, h in enumerate(halves))
        return bold.format(**{name: escape(str(value)) for name, value in values.items()})
