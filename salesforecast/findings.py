"""What can be noticed in data, by code: the observation and its effect, in every language.

A finding is made of a code and figures, and worded from this catalogue: `found` in English, as the
terminal and the logs have it, `said` in the language of whoever reads it. `{n:row|rows}` is a count
with its noun, `{n:=is|are}` the word that goes with a count.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from salesforecast import deliveries, notes
from salesforecast.errors import Finding, Severity

_KEPT = "It is kept; growth against it means nothing."
_START = "Their histories start there; they are short."
_MEANT = "Read as it was meant; nothing to do."
_MEANT_ZH = "已按原意读取，无需处理。"

ENGLISH: Mapping[str, tuple[str, str]] = {
    # the order lines
    "one period": ("there is only one period of history", "Give at least two periods; better two years."),
    "short history": (
        "history covers {n} periods, less than two years",
        "Seasons cannot be told from growth; intervals are wide.",
    ),
    "negative rows": (
        "{n:negative row|negative rows}, together {amount:,.0f}",
        "They are kept as returns, in the period of their date.",
    ),
    "huge rows": (
        "{n:row|rows} {times:,.0f} times as large as any other, {share:.0%} of all sales",
        "They are kept and carry the forecast: check them for a slip of the unit.",
    ),
    "partial first": ("the first period is partial: {n:day|days} with sales", _KEPT),
    "partial last": (
        "the last period is partial: it stops at {day}",
        "It is left out of history unless another source completes it.",
    ),
    "source stops": (
        "this source stops at {day}, others go on to {month}",
        "Its sales count as zero from then on: is an export missing?",
    ),
    "stray dates": (
        "{n:line|lines} dated years away from all others",
        "Correct the year in the file and run again.",
    ),
    "empty periods": (
        "{n:period|periods} without any order line",
        "They count as zero; check whether data are missing.",
    ),
    "empty places": (
        "{n:place|places} with periods without a sale, {count} in all",
        "They count as zero; check whether data are missing.",
    ),
    "one day": (
        "bookings fall on one day a month",
        "It lies between day {first} and day {last}; if it slides over month ends, set `shift_days` "
        "in the organisation file.",
    ),
    "one day shifted": (
        "bookings fall on one day a month",
        "It lies between day {first} and day {last}; with shift_days = {shift} each falls into its own "
        "month.",
    ),
    "weekly": (
        "sales are dated by week, on {weekday}s",
        "A week counts in the month of its date: months have four or five of them. Business months of "
        'weeks have as many every year and are forecast better: months = "4-4-5" under [calendar].',
    ),
    "outside home": (
        "{n} of {people:person|people} sell or sold outside their home territory",
        "All sales of a person are credited to the position held at the cutoff.",
    ),
    "subtotals": (
        "{n:product|products} made of other products",
        "They count twice: write leave_out = [{names}] under [[source]].",
    ),
    "equal rows": (
        "{n:row|rows} equal to another in all that is read",
        "They are kept; name the columns of a key in `line` to have copies found.",
    ),
    "near names": (
        "{n:place|places} whose names differ only in case, blanks or width of letters",
        "They are planned apart: write each name in one way if they are one place.",
    ),
    "late territories": ("{n:territory|territories} opened late", _START),
    "late products": (
        "{n:product|products} only appeared late",
        "Their histories start there; growth of the total is partly theirs.",
    ),
    "after the cutoff": (
        "sales of {amount:,.0f} after the cutoff are not in the history",
        "A period that is not complete would look like a fall in sales.",
    ),
    "far ahead": (
        "the plan looks {ahead} months ahead, sales are known for {back}",
        "Its end is a continuation of what is known; plan again when newer sales are there.",
    ),
    "unequal length": (
        "the planned span has {days} days, the same of last year {before}",
        "Growth against last year holds the difference; the forecast knows it.",
    ),
    "waiting": (
        "{n:person|people} with a position but no sale yet",
        "They get no target of their own until they sell; give one by a rule.",
    ),
    # series of a unit and a product
    "series gaps": (
        "{n} series (unit × product) {n:=has|have} periods without a row, {count} in all",
        "Such periods count as no sales.",
    ),
    "series idle": ("{n} series (unit × product) never sold anything", "They are forecast at zero."),
    "series constant": (
        "{n} series (unit × product) had the same sales in every period",
        "They are forecast to go on like that.",
    ),
    "series one sale": (
        "{n} series (unit × product) sold nearly all in one period",
        "One sale shows no pattern: look at what they are asked for.",
    ),
    "series short": (
        "{n} series (unit × product) {n:=has|have} less than a year of history",
        "They take their season from units like them.",
    ),
    # cells
    "empty cells": ("{n:empty cell|empty cells}", "They are read as zero."),
    "unknown keys": ("{n:row|rows} with an unknown {kind}", "The key itself is used as the name."),
    "read as": ("{kind} read in {n:cell|cells}", "Read as it was meant; check the first ones."),
    "summed": (
        "{n:line|lines} were summed to {rest} before they were read",
        "A row number names the first line of its place, product, person and period.",
    ),
    "left out": ("{n:row|rows} of {names} left out", "As `leave_out` in the organisation file says."),
    "joined heads": ("column names in {n} rows were joined", _MEANT),
    "skipped rows": ("{n:row|rows} above the column names skipped", _MEANT),
    "byte order mark": ("a byte order mark was skipped", _MEANT),
    "encoding": ("the text is encoded in {encoding}", _MEANT),
    "sheet": ("sheet '{sheet}' was read, one of {n}", _MEANT),
    "merged": ("merged cells were filled with the value of their first", _MEANT),
    "months below": (
        "{n:column|columns} of months put below each other",
        "A row and month a sale; {blank:blank cell|blank cells} count as no sale.",
    ),
    "weeks below": (
        "{n:column|columns} of weeks put below each other",
        "A week counts whole in the month that holds most of it; {blank:blank cell|blank cells} "
        "count as no sale.",
    ),
    "quarters below": (
        "{n:column|columns} of quarters put below each other",
        "A row and quarter a sale; {blank:blank cell|blank cells} count as no sale.",
    ),
    # the plan
    "not replayed": (
        "past quarters could not be replayed: {n} whole ones are known",
        "From {least} on, the report shows how targets would have done.",
    ),
    "negative weights": (
        "{n} units have a negative {kind}",
        "They are weighted as zero: no target follows from a negative amount.",
    ),
    "rare units": (
        "{n} units sell rarely: next to nothing in half of the simulated futures",
        "No target gives them the common chance; they are asked for their mean forecast.",
    ),
    **notes.ENGLISH,
    **deliveries.ENGLISH,
}  # fmt: skip
CHINESE: Mapping[str, tuple[str, str]] = {
    "one period": ("只有一个期间的历史", "至少需要两个期间，最好两年。"),
    "short history": ("历史只有 {n} 个期间，不足两年", "无法区分季节与增长，预测区间较宽。"),
    "negative rows": ("{n} 行为负数，合计 {amount:,.0f}", "按退货保留，计入其日期所在期间。"),
    "huge rows": (
        "{n} 行金额是其他任何一行的 {times:,.0f} 倍以上，占全部销售额的 {share:.0%}",
        "已保留并影响预测：请检查单位是否有误。",
    ),
    "partial first": ("首个期间不完整：只有 {n} 天有销售", "已保留；与其相比的增长没有意义。"),
    "partial last": ("最后一个期间不完整：止于 {day}", "除非另有来源补全，否则不计入历史。"),
    "source stops": ("该来源止于 {day}，其他来源到 {month}", "此后其销售额按零计：是否漏了一份导出？"),
    "stray dates": ("{n} 行的日期与其余相差数年", "请在文件中改正年份后重新运行。"),
    "empty periods": ("{n} 个期间没有任何订单", "按零计；请检查数据是否缺失。"),
    "empty places": ("{n} 个地区存在无销售的期间，共 {count} 个", "按零计；请检查数据是否缺失。"),
    "one day": ("每月只在一天记账", "该日在 {first} 日至 {last} 日之间；若会跨月末移动，请在组织文件中设置 `shift_days`。"),
    "one day shifted": ("每月只在一天记账", "该日在 {first} 日至 {last} 日之间；按 shift_days = {shift} 平移后，每月各有一天。"),
    "weekly": ("销售按周记录（{weekday}）", "每周计入其日期所在月份：每月含四周或五周。按整周划分的业务月每年周数相同、预测更准：在 [calendar] 下写 months = \"4-4-5\"。"),
    "outside home": ("{people} 人中有 {n} 人在所属地区以外有销售", "其全部销售计入截止日所在的岗位。"),
    "subtotals": ("{n} 个产品是其他产品的合计", "会重复计算：请在 [[source]] 下写 leave_out = [{names}]。"),
    "equal rows": ("{n} 行与另一行完全相同", "已保留；在 `line` 中写明主键各列即可查出重复。"),
    "near names": ("{n} 个地区名称仅大小写、空格或全半角不同", "目前按不同地区规划；如为同一地区，请统一写法。"),
    "late territories": ("{n} 个地区开设较晚", "其历史自彼时起，较短。"),
    "late products": ("{n} 个产品出现较晚", "其历史自彼时起；总额的增长部分来自它们。"),
    "after the cutoff": ("截止日之后的销售额 {amount:,.0f} 未计入历史", "不完整的期间会被误认为下滑。"),
    "far ahead": ("规划覆盖未来 {ahead} 个月，而已知销售只有 {back} 个月", "末段只是已知走势的延续；有新的销售数据后请重新规划。"),
    "unequal length": ("规划期有 {days} 天，去年同期为 {before} 天", "与去年相比的增长包含这一差异；预测已考虑。"),
    "waiting": ("{n} 人已有岗位但尚无销售", "在有销售之前没有自己的目标；可通过限制条件给定。"),
    "series gaps": ("{n} 个序列（单位×产品）有缺行的期间，共 {count} 个", "这些期间按无销售计。"),
    "series idle": ("{n} 个序列（单位×产品）从未有过销售", "预测为零。"),
    "series constant": ("{n} 个序列（单位×产品）各期销售额完全相同", "预测其照此延续。"),
    "series one sale": (
        "{n} 个序列（单位×产品）的销售几乎全部集中在一个期间",
        "单次销售看不出规律：请核对给它们的目标。",
    ),
    "series short": ("{n} 个序列（单位×产品）的历史不足一年", "其季节性取自相近的单位。"),
    "empty cells": ("{n} 个空单元格", "按零读取。"),
    "unknown keys": ("{n} 行的{kind}编码未知", "直接以编码作为名称。"),
    "read as": ("{n} 个单元格含{kind}", "已按原意读取，请抽查前几处。"),
    "summed": ("{n} 行订单在读取前已汇总为 {rest} 行", "行号指同一地点、产品、人员和期间的第一行订单。"),
    "left out": ("略去 {names} 共 {n} 行", "依组织文件中的 `leave_out`。"),
    "joined heads": ("{n} 行表头已合并", _MEANT_ZH),
    "skipped rows": ("表头上方的 {n} 行已略过", _MEANT_ZH),
    "byte order mark": ("已略过文件开头的字节顺序标记", _MEANT_ZH),
    "encoding": ("文本编码为 {encoding}", _MEANT_ZH),
    "sheet": ("读取了工作表“{sheet}”，共 {n} 个工作表", _MEANT_ZH),
    "merged": ("合并单元格已按其首格的值填充", _MEANT_ZH),
    "months below": ("{n} 个月份列已转为行", "每行每月一条销售；{blank} 个空单元格视为无销售。"),
    "weeks below": ("{n} 个周列已转为行", "每周整周计入其大部分天数所在的月份；{blank} 个空单元格视为无销售。"),
    "quarters below": ("{n} 个季度列已转为行", "每行每季度一条销售；{blank} 个空单元格视为无销售。"),
    "not replayed": ("无法回放以往季度：只有 {n} 个完整季度", "满 {least} 个后，报告将显示目标当时的表现。"),
    "negative weights": ("{n} 个单位的{kind}为负数", "权重按零计：负数不能推出目标。"),
    "rare units": (
        "{n} 个单位很少有销售：半数模拟中几乎为零",
        "没有目标能使其达到共同的达成概率；按其预测均值下达。",
    ),
    **notes.CHINESE,
    **deliveries.CHINESE,
}  # fmt: skip
NAMES: Mapping[str, str] = {  # stored words inside of a Chinese sentence
    "thousands separators": "千位分隔符",
    "decimal comma": "小数逗号",
    "full-width characters": "全角字符",
    "currency signs": "货币符号",
    "brackets for negative numbers": "表示负数的括号",
    "the unit 万": "单位“万”",
    "the unit 亿": "单位“亿”",
    "the unit 千": "单位“千”",
    "the unit %": "百分号",
    "full-width dates": "全角日期",
    "dates as year, month, day": "年月日格式的日期",
    "dates as day, month, year": "日月年格式的日期",
    "dates as month, day, year": "月日年格式的日期",
    "dates with month names": "带月份名称的日期",
    "quarters as their first day": "季度（按首日）",
    "months by name": "月份名称",
    "months like Jan-23": "形如 Jan-23 的月份",
    "months like 201703": "形如 201703 的月份",
    "months as year and month": "形如 2026年3月 的月份",
    "dates like 20170401": "形如 20170401 的日期",
    "Excel serial numbers as dates": "Excel 日期序列号",
    "years as their first day": "年份（按首日）",
    "territory": "地区", "person": "人员", "product": "产品", "history": "历史", "forecast": "预测",
    "Monday": "周一", "Tuesday": "周二", "Wednesday": "周三", "Thursday": "周四", "Friday": "周五",
    "Saturday": "周六", "Sunday": "周日",
    **notes.UNITS,
}  # fmt: skip


class _Counting(string.Formatter):
    """Formats `{n:row|rows}` as `1 row` or `3 rows`, and `{n:=is|are}` as the word alone."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, several, many = format_spec.removeprefix("=").partition("|")
        if not several:
            return str(format(value, format_spec))
        word = one if value == 1 else many
        return word if format_spec.startswith("=") else f"{value} {word}"


_FORMAT = _Counting()


def filled(text: str, values: Mapping[str, object]) -> str:
    """A sentence of a catalogue with its blanks filled in, counts with the right noun."""
    return _FORMAT.vformat(text, (), values)


def found(
    code: str, where: str, *, severity: Severity = "warning", rows: int = 0, **figures: Any
) -> Finding:
    """A finding by its code and figures, worded in English.

    Parameters
    ----------
    code
        A key of the catalogue; an unknown one is a mistake of ours and raises KeyError.
    where, rows
        As in `Finding`.
    figures
        What the sentences speak of: numbers and short texts.
    """
    plain = {name: v.item() if hasattr(v, "item") else v for name, v in figures.items()}
    what, effect = (filled(text, plain) for text in ENGLISH[code])
    return Finding(severity, what, where, effect, rows, code, plain)


def first_of(names: Sequence[str], most: int = 3) -> str:
    """The first few names, and a sign that there are more: the `where` of a finding."""
    return "; ".join(names[:most]) + ("" if len(names) <= most else "; …")


def repair(code: str, where: str, **figures: Any) -> Finding:
    """The finding about something in a file that was read in other than the plain way."""
    return found(code, where, severity="repair", **figures)


def said(finding: Finding, language: str) -> Finding:
    """The finding in the reader's language; one without a code stays as it was written."""
    if language != "zh" or finding.code not in CHINESE:
        return finding
    figures = {
        name: NAMES.get(v, v) if isinstance(v, str) else v for name, v in finding.figures.items()
    }
    what, effect = (filled(text, figures) for text in CHINESE[finding.code])
    where = finding.where
    for english, chinese in _PLACES_ZH:
        where = re.sub(english, chinese, where)
    return replace(finding, what=what, effect=effect, where=where)


_PLACES_ZH = (  # how places are strung together; names and dates stay
    (r"; and (\d+) more places?", r"；另有 \1 处"),
    (r",? and (\d+) more\b", r" 等，另有 \1 个"),
    (r", column '([^']*)'", r"，列“\1”"),
    (r", row (\d+)", r"，第 \1 行"),
)
