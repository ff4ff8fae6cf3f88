"""The words of the workbooks: heads that are written, heads that are known again, messages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

HEADS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "unit": "Unit", "level": "Level", "baseline": "Last year", "forecast": "Forecast",
        "floor": "Floor", "ceiling": "Ceiling", "plan": "In the plan", "target": "Target",
        "lock": "Lock", "growth": "Growth", "stretch": "Above forecast", "chance": "Chance",
        "owner": "Set by", "reason": "Reason", "path": "Place in the tree", "leaf": "Position",
        "limit": "Limit", "amount": "Amount", "start": "From (month)", "count": "People",
        "ramp": "Months to learn", "does": "Work per person", "per": "In a", "work": "Kind of work",
        "brings": "Sales per unit of work", "used_by": "Used by", "total": "Total",
        "gap": "Target − months",
    },
    "zh": {
        "unit": "单位", "level": "层级", "baseline": "去年同期", "forecast": "预测",
        "floor": "下限", "ceiling": "上限", "plan": "原方案", "target": "目标",
        "lock": "锁定", "growth": "增长", "stretch": "高于预测", "chance": "达成概率",
        "owner": "责任人", "reason": "理由", "path": "完整路径", "leaf": "岗位",
        "limit": "限制", "amount": "数额", "start": "起始月份", "count": "人数",
        "ramp": "上手月数", "does": "每人工作量", "per": "按", "work": "工作类型",
        "brings": "单位工作量带来的销售额", "used_by": "使用单位", "total": "合计",
        "gap": "目标−各月合计",
    },
}  # fmt: skip

_ALSO: Mapping[str, tuple[str, ...]] = {
    "unit": (
        "name", "salesperson", "sales person", "rep", "person", "region", "country", "territory",
        "province", "city", "store", "team", "名称", "区域", "大区", "地区", "省区", "省份", "省/自治区",
        "城市", "门店", "团队", "部门", "人员姓名", "姓名", "业务员", "销售员", "客户经理", "负责区域",
    ),
    "baseline": ("last year's sales", "去年", "去年实际", "去年同季", "上年同期"),
    "forecast": ("预测值", "销售预测"),
    "floor": ("minimum", "min", "at least", "最低", "最低目标", "保底"),
    "ceiling": ("maximum", "max", "at most", "cap", "最高", "最高目标", "封顶"),
    "target": ("quota", "targets", "指标", "任务", "目标值", "销售目标"),
    "lock": ("locked", "fixed", "是否锁定", "锁"),
    "growth": ("growth %", "增长率", "增长 %", "同比"),
    "stretch": ("stretch", "above forecast %", "高于预测 %"),
    "chance": ("chance to attain", "达成机会", "机会"),
    "owner": ("owner", "负责人", "设定人"),
    "reason": ("why", "原因", "说明"),
    "path": ("path", "node", "路径"),
    "limit": ("kind of limit", "限制类型", "类型"),
    "start": ("from", "start", "start date", "入职日期", "开始日期", "到岗日期"),
    "count": ("number", "headcount", "数量"),
    "does": ("work per person and month", "每人每月工作量", "人均工作量"),
    "per": ("per", "每"),
    "ramp": ("ramp", "ramp-up", "爬坡期", "爬坡月数"),
}  # fmt: skip

KINDS: Mapping[str, Mapping[str, str]] = {
    "en": {"floor": "floor", "ceiling": "ceiling", "lock": "lock"},
    "zh": {"floor": "下限", "ceiling": "上限", "lock": "锁定"},
}
PER: Mapping[str, Mapping[str, str]] = {
    "en": {"month": "month", "day": "working day"},
    "zh": {"month": "月", "day": "工作日"},
}
YES = {"yes", "y", "x", "✓", "√", "true", "locked", "lock", "是", "锁", "锁定", "对", "1"}
NO = {"", "no", "n", "false", "否", "不", "不锁定", "未锁定", "0", "-", "–", "—"}
TOTALS = {"total", "totals", "grand total", "sum", "合计", "总计", "小计", "总和"}


WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "sheet_howto": "How to",
        "sheet_targets": "Targets",
        "sheet_months": "Months",
        "sheet_limits": "Limits",
        "sheet_people": "People",
        "sheet_capacities": "Capacities",
        "sheet_units": "Units",
        "unit_said": "Amounts in {unit}.",
        "no_unit_said": "Amounts in whole units.",
        "stamp": "Stamp: {stamp}",
        "title_targets": "{organisation}, {span}: targets",
        "title_months": "{organisation}, {span}: months",
        "title_limits": "{organisation}, {span}: floors, ceilings and locks",
        "title_people": "{organisation}, {span}: people who start or leave, and how long they learn",
        "title_capacities": "{organisation}, {span}: what can be worked or delivered",
        "company_total": "Company target",
        "sum": "Targets below add up to",
        "rest": "Still to share",
        "yes": "yes",
        "months_note": "They follow the targets when the workbook is loaded.",
        "amount_prompt": "An amount in {unit}, zero or more. Leave it empty for no limit.",
        "target_prompt": "What you type here is kept; the others share the rest.",
        "lock_prompt": "yes: this target is agreed and does not move.",
        "pick": "Choose from the list.",
        "bad_amount": "Please type an amount, zero or more.",
        "howto_title": "How to fill in this workbook",
        "howto_plan": "Plan: {name}{organisation}, {span}",
        "howto_unit": "Every amount is in {unit}. An amount that names its own unit ({example}) is read as it says.",
        "howto_blue": "Blue cells are yours",
        "howto_grey": "All else is calculated or known",
        "howto_1": "Targets: type a person's target. It is kept as you type it; the others share what is left of the company target.",
        "howto_2": "Floor and ceiling: the least and the most that a unit may be asked. To fix a region, type the same amount as floor and as ceiling.",
        "howto_3": "Lock: choose yes, and the unit keeps the target that stands in its row. Empty the cell to release it.",
        "howto_4": "Company target: change it above the table. 'Still to share' says what the others will carry.",
        "howto_5": "Say who set it and why: it is kept with the limit.",
        "howto_6": "Save in Excel as .xlsx, then load the file: on the planner's screen, or with salesforecast load.",
        "howto_7": "You may move, hide or sort columns and rows, and delete rows that you do not need: a row that is missing changes nothing.",
        "howto_template_1": "Limits: a row a limit. Empty the amount to release a limit; a row that is missing changes nothing.",
        "howto_template_2": "People: a row for each group that starts in the same month. Negative people leave. Months to learn: until they work fully.",
        "howto_template_3": "Capacities: how much work or stock there is, and the sales that one unit of it brings.",
        "example_unit": "500 thousand",
        "at": 'Row {row}, "{column}"',
        "at_sheet": "Sheet '{sheet}', {cell}",
        "change": "{label}: {what} {old} → {new}",
        "change_lock": "{label}: target {old} → {new}, locked",
        "change_total": "Company target: {old} → {new}",
        "nothing": "none",
        "released": "released",
        "read_as": '"{text}" read as {value}',
        "read_as_rounded": '"{text}" rounded to {value}, a multiple of the money step',
        "date_read": '"{text}" read as {value}',
        "others_read": "{count} more cells hold amounts as text; they say what stood there before",
        "kept_old": "The old value stays.",
        "no_cache": "the formula {text} has no stored value, or an error. Open the workbook in Excel, save it, and load it again.",
        "error_value": "{text} is an error, not an amount.",
        "no_amount": '"{text}" is not an amount.',
        "ambiguous": '"{text}" can be read in two ways: {why}.',
        "percent": '"{text}" is a percentage; an amount is needed.',
        "currency": '"{text}": the sheet counts in {unit}; write the amount without a sign, or with 万, 亿 or 千.',
        "merged": '"{text}" stands in cells that are merged over several rows: whose is it?',
        "a_date": '"{text}" is a date; an amount is needed. Excel may have turned what you typed into one.',
        "negative": '"{text}" is negative; a target is zero or more.',
        "too_large": '"{text}" would be {value}, more than 500 times what the unit sells ({known}). Is it in another unit than {unit}?',
        "too_small": '"{text}" would be {value}, less than a five-hundredth of what the unit sells ({known}). Is it in another unit than {unit}?',
        "no_yes": '"{text}" is neither yes nor empty.',
        "computed": "{column} is calculated; type the target instead. What you typed was not taken.",
        "known_only": "{column} comes from the data; what you typed was not taken.",
        "unknown_unit": 'there is no unit "{text}": {fix}',
        "ambiguous_unit": 'there are several units "{text}": {fix}',
        "use_path": "write the whole path, one of {paths}.",
        "contradiction_unit": 'the row says "{text}", but its place is "{path}". Were only some columns sorted?',
        "no_name": "a row with amounts has no unit.",
        "twice": "{label} stands in rows {rows} with different amounts; none of them was taken.",
        "floor_above": "the floor {floor} is above the ceiling {ceiling}.",
        "lock_outside": "the lock {lock} is outside of floor and ceiling.",
        "two_columns": 'the columns {columns} all mean "{column}"; none of them was read.',
        "left_out": '"{text}" is no unit and has no amounts; left out',
        "total_left_out": "the row of totals was left out",
        "hidden_rows": "{count} hidden rows were read like the others (rows {rows})",
        "hidden_columns": "hidden columns were read like the others: {columns}",
        "title_rows": "the column names stand in row {row}",
        "other_order": "the columns stand in another order",
        "missing_rows": "{count} units are not in the sheet; they stay as they are",
        "no_stamp": "the file does not say which plan it belongs to; it was compared with the plan on the screen",
        "other_version": "the workbook was made from {theirs}, and the plan is now {ours}: only what was typed since is taken",
        "other_plan": "the workbook belongs to another plan: {theirs}; this is {ours}. Nothing was taken.",
        "unit_assumed": "the file does not say its unit; amounts were read in {unit}",
        "unit_other": "the sheet counts in {theirs}, the plan in {ours}; nothing of it was taken",
        "encoding": "the text is encoded in {encoding}",
        "unread_sheet": "sheet '{sheet}' was not read: it has no columns that are known",
        "nothing_found": "no sheet has a column of units and one of targets, floors, ceilings or locks.",
        "nothing_found_fix": "load a workbook that was downloaded here, or name the columns as in the template.",
        "months_typed": "months are split by the plan; what was typed was not taken.",
        "cannot_read": "the file cannot be read.",
        "cannot_read_fix": "open it in Excel, remove a password if it has one, and save it again as .xlsx.",
        "too_big": "the file is too large for a workbook of targets.",
        "no_kind": '"{text}" is no limit: write floor, ceiling or lock.',
        "no_number": '"{text}" is not a number.',
        "no_per": '"{text}" is neither a month nor a working day.',
        "no_date": '"{text}" is not a month.',
        "missing_cell": "{column} is missing.",
        "differs": '{column} differs within "{label}"; the whole group was not taken.',
        "people_of": "People ({work})",
        "capacity_of": "Capacity ({work})",
        "people_words": "{count} from {start}",
        "capacity_words": "{amount} {work}",
        "date_ambiguous": '"{text}": day and month cannot be told apart.',
    },
    "zh": {
        "sheet_howto": "填写说明",
        "sheet_targets": "目标",
        "sheet_months": "各月",
        "sheet_limits": "限制",
        "sheet_people": "人员",
        "sheet_capacities": "产能",
        "sheet_units": "单位列表",
        "unit_said": "单位：{unit}",
        "no_unit_said": "金额按原始单位。",
        "stamp": "标识：{stamp}",
        "title_targets": "{organisation}，{span}：目标",
        "title_months": "{organisation}，{span}：各月",
        "title_limits": "{organisation}，{span}：下限、上限与锁定",
        "title_people": "{organisation}，{span}：到岗、离岗人员及上手时间",
        "title_capacities": "{organisation}，{span}：可完成的工作量或可交付的数量",
        "company_total": "公司总目标",
        "sum": "下列目标合计",
        "rest": "尚待分配",
        "yes": "是",
        "months_note": "各月在载入后按新目标重新拆分。",
        "amount_prompt": "请输入金额（{unit}），零或正数；留空表示无限制。",
        "target_prompt": "在此输入的目标将保留，其余由他人分担。",
        "lock_prompt": "选“是”：该目标已商定，不再变动。",
        "pick": "请从列表中选择。",
        "bad_amount": "请输入零或正数。",
        "howto_title": "如何填写本工作簿",
        "howto_plan": "方案：{name}{organisation}，{span}",
        "howto_unit": "所有金额的单位均为{unit}；自带单位的金额（如 {example}）按其所写读取。",
        "howto_blue": "蓝色单元格由您填写",
        "howto_grey": "其余为计算或已知数据",
        "howto_1": "目标：直接填写个人目标，系统将原样保留；公司总目标的余额由他人分担。",
        "howto_2": "下限、上限：该单位最少、最多可承担的金额。要固定某个大区，请把上下限填成同一金额。",
        "howto_3": "锁定：选“是”，该单位保留本行的目标；清空即解除。",
        "howto_4": "公司总目标：在表格上方修改。“尚待分配”为他人将分担的金额。",
        "howto_5": "请写明责任人和理由，将与限制条件一并保存。",
        "howto_6": "在 Excel 中另存为 .xlsx，然后在规划界面按“载入 Excel”，或使用命令 salesforecast load。",
        "howto_7": "可以移动、隐藏、排序行列，也可删除不需要的行：缺少的行不作任何改动。",
        "howto_template_1": "限制：每行一项。清空数额即解除该限制；缺少的行不作任何改动。",
        "howto_template_2": "人员：同月到岗的一组人占一行；离岗填负数。上手月数：多久后可完全胜任。",
        "howto_template_3": "产能：可用的工作量或存货，以及单位工作量带来的销售额。",
        "example_unit": "500万",
        "at": "第 {row} 行“{column}”",
        "at_sheet": "工作表“{sheet}”{cell}",
        "change": "{label}：{what} {old} → {new}",
        "change_lock": "{label}：目标 {old} → {new}，锁定",
        "change_total": "公司总目标：{old} → {new}",
        "nothing": "无",
        "released": "解除",
        "read_as": "“{text}”读作 {value}",
        "read_as_rounded": "“{text}”取整为 {value}（取整单位的倍数）",
        "date_read": "“{text}”读作 {value}",
        "others_read": "另有 {count} 个单元格的金额存为文本，数值未变",
        "kept_old": "保留原值。",
        "no_cache": "公式 {text} 没有已保存的结果，或结果有误。请用 Excel 打开并保存后再载入。",
        "error_value": "{text} 是错误值，不是金额。",
        "no_amount": "“{text}”不是金额。",
        "ambiguous": "“{text}”有两种读法：{why}。",
        "percent": "“{text}”是百分数，此处应为金额。",
        "currency": "“{text}”：本表单位为{unit}；请只写数字，或写明万、亿、千。",
        "merged": "“{text}”位于跨行合并的单元格中，无法判断属于哪一行。",
        "a_date": "“{text}”是日期，此处应为金额；可能是 Excel 自动转换所致。",
        "negative": "“{text}”为负数；目标应为零或正数。",
        "too_large": "“{text}”即 {value}，超过该单位销售额（{known}）的 500 倍。单位是否不是{unit}？",
        "too_small": "“{text}”即 {value}，不足该单位销售额（{known}）的五百分之一。单位是否不是{unit}？",
        "no_yes": "“{text}”既不是“是”，也不是空白。",
        "computed": "“{column}”由计算得出，请改填目标；所填内容未采用。",
        "known_only": "“{column}”来自数据；所填内容未采用。",
        "unknown_unit": "没有单位“{text}”：{fix}",
        "ambiguous_unit": "有多个单位“{text}”：{fix}",
        "use_path": "请写完整路径，如 {paths}。",
        "contradiction_unit": "本行写的是“{text}”，路径却是“{path}”。是否只对部分列排了序？",
        "no_name": "该行有金额，却没有单位。",
        "twice": "{label}在第 {rows} 行重复，且数值不同，均未采用。",
        "floor_above": "下限 {floor} 高于上限 {ceiling}。",
        "lock_outside": "锁定值 {lock} 不在上下限之间。",
        "two_columns": "{columns} 各列都表示“{column}”，均未读取。",
        "left_out": "“{text}”不是单位，也没有金额，已略过",
        "total_left_out": "合计行已略过",
        "hidden_rows": "{count} 个隐藏行照常读取（第 {rows} 行）",
        "hidden_columns": "隐藏列照常读取：{columns}",
        "title_rows": "表头位于第 {row} 行",
        "other_order": "列的顺序有变",
        "missing_rows": "{count} 个单位不在表中，保持不变",
        "no_stamp": "文件未注明所属方案，已与当前方案比较",
        "other_version": "工作簿出自{theirs}，当前方案已是{ours}：只采用此后填写的内容",
        "other_plan": "工作簿属于另一方案：{theirs}；当前为{ours}。未采用任何内容。",
        "unit_assumed": "文件未注明单位，按{unit}读取",
        "unit_other": "本表币种为 {theirs}，方案为 {ours}；本表未采用",
        "encoding": "文本编码为 {encoding}",
        "unread_sheet": "工作表“{sheet}”未读取：没有可识别的列",
        "nothing_found": "没有一个工作表同时含有单位列和目标、上下限或锁定列。",
        "nothing_found_fix": "请载入在此下载的工作簿，或按模板命名各列。",
        "months_typed": "各月由方案拆分，所填内容未采用。",
        "cannot_read": "文件无法读取。",
        "cannot_read_fix": "请用 Excel 打开，如有密码请取消，另存为 .xlsx。",
        "too_big": "文件过大，不像目标工作簿。",
        "no_kind": "“{text}”不是限制类型：请写下限、上限或锁定。",
        "no_number": "“{text}”不是数字。",
        "no_per": "“{text}”既不是月，也不是工作日。",
        "no_date": "“{text}”不是月份。",
        "missing_cell": "缺少“{column}”。",
        "differs": "“{label}”各行的“{column}”不一致，整组未采用。",
        "people_of": "人员（{work}）",
        "capacity_of": "产能（{work}）",
        "people_words": "{start} 起 {count} 人",
        "capacity_words": "{amount} {work}",
        "date_ambiguous": "“{text}”：无法分辨日和月。",
    },
}  # fmt: skip


def say(language: str, key: str, **parts: object) -> str:
    """The words for `key`; a missing one is a mistake of ours and raises KeyError."""
    return WORDS[language][key].format(**parts)


def head(language: str, field: str) -> str:
    """What the column of `field` is called."""
    return HEADS[language][field]


def plain(text: object) -> str:
    """Text as it is compared: full-width characters, case, blanks and brackets of units aside."""
    folded = unicodedata.normalize("NFKC", str(text)).casefold()
    return re.sub(r"\s+", " ", re.sub(r"\([^)]*\)", "", folded) or folded).strip(" *:：")


_FIELDS = {
    plain(name): field
    for field in HEADS["en"]
    for name in (HEADS["en"][field], HEADS["zh"][field], *_ALSO.get(field, ()))
}


def field_of(text: object) -> str:
    """The field that a column's head means, empty when it is not known: `目标（万元）` is `target`."""
    return _FIELDS.get(plain(text), "")


def kind_of(text: object) -> str:
    """`floor`, `ceiling` or `lock` of a word in either language; empty when it is none."""
    return _meant(text, KINDS)


def per_of(text: object) -> str:
    """`month` or `day` of a word in either language; empty when it is neither."""
    return _meant(text, PER)


def _meant(text: object, names: Mapping[str, Mapping[str, str]]) -> str:
    word = plain(text)
    return next((k for said in names.values() for k in said if plain(said[k]) == word), "")
