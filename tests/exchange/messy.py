"""Files as people send them back: each with what must be read from it, and what refused by cell.

The company is that of `company.py`, in 万元; sheets are edited with another library than ours, so
that formulas lose their stored values as they do outside of Excel.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.styles import Font

from salesforecast.exchange.planner_book import AT, HEAD, planner_workbook
from salesforecast.exchange.template import input_template
from salesforecast.history.organisation import Measure
from salesforecast.planning.plan import Plan

WANG, LI, BI, YIN = "华东/上海/王芳", "华东/上海/李娜", "华东/浙江/毕强", "华东/浙江/尹舒"
LIU, ZHANG, CHEN, HE = "华北/北京/刘洋", "华北/北京/张伟", "华北/天津/陈静", "西南/四川/何敏"
ZHEJIANG, SOUTHWEST = "华东/浙江", "西南"
Limits = Mapping[tuple[str, str], float | None]


@dataclass(frozen=True)
class Messy:
    """One file: `limits` that it sets (None: releases), `total`, cells refused, words of a note.

    `rejected` is set where the whole file is refused by an error; `none` where it is refused by a
    note. `people` are the entries of the only group of people after loading.
    """

    name: str
    data: bytes
    limits: Limits = field(default_factory=dict)
    total: int | None = None
    refused: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    rejected: bool = False
    whole: bool = False
    people: tuple[Mapping[str, object], ...] | None = None
    language: str = "zh"


Edit = Callable[[Any, Callable[[str, str], Any]], None]


def edited(data: bytes, edit: Edit, sheet: str = "目标") -> bytes:
    """The workbook after `edit(sheet, cell of (node, field))`, saved by another library."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    page = book[sheet]
    rows = {page.cell(row, AT["path"] + 1).value: row for row in range(HEAD + 2, page.max_row + 1)}

    def cell(node: str, name: str) -> Any:
        return page.cell(rows[node], AT[name] + 1)

    edit(page, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def address(plan: Plan, node: str, name: str) -> str:
    """Where a unit's field stands in an untouched workbook."""
    from salesforecast.exchange.tables import letters

    return f"{letters(AT[name])}{HEAD + 2 + list(plan.units.index).index(node)}"


def table(plan: Plan, heads: tuple[str, ...], divisor: float = 10_000) -> list[list[Any]]:
    """Plain rows of every unit: label, target and what else the heads name."""
    rows: list[list[Any]] = [list(heads)]
    for node, unit in plan.units.iterrows():
        values = {"单位": unit["label"], "完整路径": node, "目标": unit["target"] / divisor,
                  "预测": round(unit["forecast"] / divisor, 1), "下限": "", "上限": "", "锁定": ""}  # fmt: skip
        rows.append([values[name.split("（")[0]] for name in heads])
    return rows


def as_csv(rows: list[list[Any]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def as_xlsx(rows: list[list[Any]], *, options: Mapping[str, Any] | None = None) -> bytes:
    """Rows on one sheet of a new workbook, as one gets by copying; `=` makes formulas without values."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, **(options or {})})
    sheet = book.add_worksheet("Sheet1")
    for at, row in enumerate(rows):
        sheet.write_row(at, 0, row)
    book.close()
    return out.getvalue()


def files(plan: Plan, other: Plan, older: Plan, measure: Measure) -> Iterator[Messy]:
    """Every messy file, in order. `older` is another version of `plan`, `other` another company's."""
    book = planner_workbook(plan, measure, language="zh", name="第 3 版")
    filled = input_template(plan, measure, language="zh")
    yield from _typed(plan, book)
    yield from _refused(plan, book)
    yield from _arranged(plan, book)
    yield from _foreign(plan, other, older, measure, book)
    saved = openpyxl.load_workbook(io.BytesIO(book), data_only=True)["目标"]
    yield from _texts(plan, list(saved.iter_rows()))
    yield from _lists(filled)


def real(shared: Path) -> Iterator[Messy]:
    """Real tables that are none of targets, as they are found: each is refused, none half read."""
    names = ("superstore_cn/示例 - 超市.xls", "superstore_cn/monthly_region_category_segment.csv",
             "superstore_cn/region_managers_utf8.csv", "adventureworks/DimSalesTerritory.csv",
             "adventureworks/quarterly_quota_vs_actual.csv")  # fmt: skip
    for name in names:
        if (shared / name).exists():
            yield Messy(name, (shared / name).read_bytes(), rejected=True)


def of_superstore(plan: Plan, measure: Measure) -> Iterator[Messy]:
    """Files about the regions and provinces of the Chinese superstore, planned from its real orders."""
    names = [["各大区季度目标", "", ""], ["单位：万元", "", ""], ["大区", "省区", ""]]
    rows = [
        [label, "", plan.units.loc[label, "target"] / 10_000] for label in ("华东", "东北", "西北")
    ]
    rows[1][2], rows[2][2] = "１８．５", "待定"
    heads = [["地区", "目标"], *[[row[0], row[2]] for row in rows], ["合计", "=SUM(B2:B4)"]]
    yield Messy(
        "regions' targets in GB18030", as_csv([names[0][:2], names[1][:2], *heads], "gb18030"),
        {("东北", "lock"): 185_000}, refused=frozenset({"B6"}), notes=("GB18030", "合计行"),
    )  # fmt: skip
    book = planner_workbook(plan, measure, language="zh")

    def edit(page: Any, cell: Any) -> None:
        cell("东北/黑龙江", "target").value = "8万"
        cell("中南", "floor").value = 20
        cell("西北/宁夏", "target").value = "#VALUE!"

    row = HEAD + 2 + list(plan.units.index).index("西北/宁夏")
    yield Messy(
        "the superstore's workbook", edited(book, edit),
        {("东北/黑龙江", "lock"): 80_000, ("中南", "floor"): 200_000}, refused=frozenset({f"H{row}"}),
    )  # fmt: skip
    manager = [["大区", "省区", "目标（万元）"], ["东北", "吉林", 5], ["", "辽宁", 6], ["东北", "小计", 11],
               ["华东", "吉林", 7], ["华东", "", 30]]  # fmt: skip
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet("目标")
    for at, line in enumerate(manager):
        sheet.write_row(at, 0, line)
    sheet.merge_range(1, 0, 2, 0, "东北")
    made.close()
    yield Messy(
        "a column a level, merged", out.getvalue(),
        {("东北/吉林", "lock"): 50_000, ("东北/辽宁", "lock"): 60_000, ("华东", "lock"): 300_000},
        refused=frozenset({"B5"}), notes=("合计行",),
    )  # fmt: skip
    slip = [["省区", "目标（元）"], ["广东", 70_000], ["黒龙江", 70_000], ["中南/湖南", "4.2万"]]
    yield Messy(
        "provinces in yuan, one misspelt", as_xlsx(slip),
        {("中南/广东", "lock"): 70_000, ("中南/湖南", "lock"): 42_000}, refused=frozenset({"A3"}),
    )  # fmt: skip


def _typed(plan: Plan, book: bytes) -> Iterator[Messy]:
    def at(node: str, name: str) -> str:
        return address(plan, node, name)

    def plain(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170
        cell(ZHEJIANG, "floor").value = 450
        cell(SOUTHWEST, "ceiling").value = None
        page.cell(3, AT["target"] + 1).value = 3000

    yield Messy(
        "a plain edit", edited(book, plain),
        {(WANG, "lock"): 1_700_000, (ZHEJIANG, "floor"): 4_500_000, (SOUTHWEST, "ceiling"): None},
        total=30_000_000,
    )  # fmt: skip

    def wide(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = "１７０．５"
        cell(LI, "target").value = "１，８００，０００ 元 "
        cell(BI, "target").value = "２３０ 万"

    yield Messy(
        "full-width digits and units", edited(book, wide),
        {(WANG, "lock"): 1_705_000, (BI, "lock"): 2_300_000}, refused=frozenset({at(LI, "target")}),
        repairs=("“１７０．５”读作 1,705,000", "“２３０ 万”读作 2,300,000"),
    )  # fmt: skip

    def scaled(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = "¥160万元"
        cell(SOUTHWEST, "ceiling").value = "0.1亿"
        cell(BI, "target").value = "2.3 million"
        cell(YIN, "target").value = "2400千元"

    yield Messy(
        "amounts that name their unit", edited(book, scaled),
        {(WANG, "lock"): 1_600_000, (SOUTHWEST, "ceiling"): 10_000_000, (BI, "lock"): 2_300_000,
         (YIN, "lock"): 2_400_000},
    )  # fmt: skip

    def as_text(page: Any, cell: Any) -> None:
        for node in (WANG, LI, BI):
            cell(node, "target").value = str(cell(node, "target").value)
        cell(WANG, "target").value = "  175 "
        cell(YIN, "target").value = "1,900.5"

    yield Messy(
        "numbers as text", edited(book, as_text),
        {(WANG, "lock"): 1_750_000, (YIN, "lock"): 19_005_000},
    )  # fmt: skip

    def locks(page: Any, cell: Any) -> None:
        cell(WANG, "lock").value = "√"
        cell(LI, "lock").value = "YES"
        cell(CHEN, "lock").value = "否"
        cell("华东", "lock").value = "x"
        cell(BI, "lock").value = "待定"

    units = plan.units["target"]
    yield Messy(
        "locks in many words", edited(book, locks),
        {(WANG, "lock"): units[WANG], (LI, "lock"): units[LI], (CHEN, "lock"): None,
         ("华东", "lock"): units["华东"]},
        refused=frozenset({at(BI, "lock")}),
    )  # fmt: skip

    def rounding(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170.12345
        cell(LI, "reason").value = "与客户约定"  # no limit there: nothing to keep it with

    yield Messy(
        "finer than the money step", edited(book, rounding), {(WANG, "lock"): 1_701_000},
        repairs=("取整为 1,701,000",),
    )  # fmt: skip

    def reasons(page: Any, cell: Any) -> None:
        cell(ZHEJIANG, "owner").value = "李总"
        cell(ZHEJIANG, "reason").value = "渠道重新谈判"

    yield Messy(
        "another reason, the same amount", edited(book, reasons), {(ZHEJIANG, "floor"): 4_000_000}
    )


def _refused(plan: Plan, book: bytes) -> Iterator[Messy]:
    def at(*places: tuple[str, str]) -> frozenset[str]:
        return frozenset(address(plan, node, name) for node, name in places)

    def percent(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = "5%"
        cell(LI, "target").value = 0.05
        cell(LI, "target").number_format = "0.0%"
        cell(BI, "floor").value = "８％"

    yield Messy(
        "percentages for amounts", edited(book, percent),
        refused=at((WANG, "target"), (LI, "target"), (BI, "floor")),
    )  # fmt: skip

    def currency(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = "￥1,700,000"
        cell(LI, "floor").value = "1500000元"

    yield Messy(
        "whole yuan in a sheet of 万元", edited(book, currency),
        refused=at((WANG, "target"), (LI, "floor")),
    )  # fmt: skip

    def no_values(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = "=H9*0.2"
        cell(BI, "floor").value = "=SUM(1,2)"
        cell(LI, "lock").value = '=IF(1,"是","")'
        page.cell(3, AT["target"] + 1).value = "=3000+1"

    yield Messy(
        "formulas without stored values", edited(book, no_values),
        refused=at((WANG, "target"), (BI, "floor"), (LI, "lock")) | {"H3"},
    )  # fmt: skip

    def errors(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = "#REF!"
        cell(LI, "target").value = "#N/A"
        cell(BI, "floor").value = "#DIV/0!"
        cell(YIN, "ceiling").value = "=#REF!+1"

    yield Messy(
        "error values", edited(book, errors),
        refused=at((WANG, "target"), (LI, "target"), (BI, "floor"), (YIN, "ceiling")),
    )  # fmt: skip

    def dates(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = dt.datetime(2026, 3, 1)
        cell(LI, "floor").value = dt.time(3, 30)
        cell(BI, "target").value = True

    yield Messy(
        "dates, times and truths for amounts", edited(book, dates),
        refused=at((WANG, "target"), (LI, "floor"), (BI, "target")),
    )  # fmt: skip

    def negative(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = -5
        cell(LI, "floor").value = "(200)"
        cell(BI, "target").value = "约230"
        cell(YIN, "target").value = "230-250"
        cell(LIU, "target").value = "待定"

    yield Messy(
        "negative amounts and words", edited(book, negative),
        refused=at((WANG, "target"), (LI, "floor"), (BI, "target"), (YIN, "target"), (LIU, "target")),
    )  # fmt: skip

    def slip(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 1_700_000
        cell(LI, "floor").value = 1_500_000
        cell(BI, "target").value = 0.0228

    yield Messy(
        "slips of the unit", edited(book, slip),
        refused=at((WANG, "target"), (LI, "floor"), (BI, "target")),
    )  # fmt: skip

    def clash(page: Any, cell: Any) -> None:
        cell(ZHEJIANG, "ceiling").value = 390
        cell(WANG, "floor").value = 180
        cell(WANG, "ceiling").value = 190
        cell(WANG, "target").value = 170

    yield Messy(
        "limits that contradict each other", edited(book, clash),
        {(WANG, "ceiling"): 1_900_000},
        refused=at((ZHEJIANG, "ceiling"), (WANG, "floor"), (WANG, "target")),
    )  # fmt: skip

    def computed(page: Any, cell: Any) -> None:
        cell(WANG, "growth").value = 0.3
        cell(LI, "forecast").value = 500
        cell(BI, "baseline").value = "300"

    yield Messy(
        "figures that are not to be filled in", edited(book, computed),
        refused=at((WANG, "growth"), (LI, "forecast"), (BI, "baseline")),
    )  # fmt: skip


def _arranged(plan: Plan, book: bytes) -> Iterator[Messy]:
    def grid_of(page: Any) -> list[list[Any]]:
        return [[cell.value for cell in row] for row in page.iter_rows()]

    def rewrite(page: Any, rows: list[list[Any]]) -> None:
        page.delete_rows(1, page.max_row + 1)
        for row in rows:
            page.append(row)

    def columns(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170
        rewrite(page, [row[::-1] for row in grid_of(page)])

    yield Messy(
        "columns the other way round", edited(book, columns), {(WANG, "lock"): 1_700_000},
        notes=("列的顺序有变",),
    )  # fmt: skip

    def ordered(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170
        rows = grid_of(page)
        body = sorted(rows[HEAD + 1 :], key=lambda row: row[AT["forecast"]])
        rewrite(page, rows[: HEAD + 1] + body[:-3])

    yield Messy(
        "rows sorted and some deleted", edited(book, ordered), {(WANG, "lock"): 1_700_000},
        notes=("3 个单位不在表中",),
    )  # fmt: skip

    def titles(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170
        page.insert_rows(1, 4)
        page["B2"].value = "关于一季度目标的通知"
        page["A3"].value = dt.datetime(2026, 1, 5)

    yield Messy("title rows above", edited(book, titles), {(WANG, "lock"): 1_700_000})

    def merged(page: Any, cell: Any) -> None:
        cell(WANG, "floor").value = 150
        page.insert_rows(HEAD + 1)
        page.cell(HEAD + 1, AT["floor"] + 1).value = "允许范围"
        page.merge_cells(
            start_row=HEAD + 1, end_row=HEAD + 1, start_column=AT["floor"] + 1, end_column=AT["ceiling"] + 1
        )  # fmt: skip
        for name in ("unit", "target"):
            page.cell(HEAD + 1, AT[name] + 1).value = page.cell(HEAD + 2, AT[name] + 1).value
            page.cell(HEAD + 2, AT[name] + 1).value = None
            page.merge_cells(
                start_row=HEAD + 1, end_row=HEAD + 2, start_column=AT[name] + 1, end_column=AT[name] + 1
            )  # fmt: skip

    yield Messy("merged heads in two rows", edited(book, merged), {(WANG, "floor"): 1_500_000})

    def hidden(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170
        page.row_dimensions[cell(WANG, "target").row].hidden = True
        page.column_dimensions["F"].hidden = True
        cell(BI, "ceiling").value = 250

    yield Messy(
        "hidden rows and columns", edited(book, hidden),
        {(WANG, "lock"): 1_700_000, (BI, "ceiling"): 2_500_000}, notes=("1 个隐藏行", "隐藏列"),
    )  # fmt: skip

    def trailing(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170
        last = page.max_row
        page.cell(last + 2, 1).value = "合计"
        page.cell(last + 2, AT["target"] + 1).value = f"=SUM(H8:H{last})"
        page.cell(last + 4, 1).value = "注：以上数字经王总确认"
        page.cell(last + 5, 1).value = "制表：财务部 2026-01-05"
        page.cell(last + 5, 1).font = Font(italic=True)

    yield Messy(
        "a row of totals and notes below", edited(book, trailing), {(WANG, "lock"): 1_700_000},
        notes=("合计行已略过", "注：以上数字经王总确认"),
    )  # fmt: skip

    def some_columns(page: Any, cell: Any) -> None:
        first, second = cell(WANG, "unit"), cell(LI, "unit")
        first.value, second.value = second.value, first.value
        cell(WANG, "target").value = 170
        cell(LI, "target").value = 180

    places = frozenset(address(plan, node, "unit") for node in (WANG, LI))
    yield Messy("only some columns sorted", edited(book, some_columns), refused=places)

    def twice(page: Any, cell: Any) -> None:
        row = [c.value for c in page[cell(WANG, "unit").row]]
        again = [c.value for c in page[cell(BI, "unit").row]]
        row[AT["target"]] = 170
        page.append(row)
        page.append(again)

    more = HEAD + 2 + len(plan.units)
    yield Messy(
        "units that stand there twice", edited(book, twice), refused=frozenset({f"H{more}"})
    )

    def values_only(page: Any, cell: Any) -> None:
        totals: dict[str, float] = {}
        cell(WANG, "target").value = 170
        for leaf in plan.hierarchy.leaves:
            for node in [leaf, *plan.hierarchy.ancestors(leaf)]:
                totals[node] = totals.get(node, 0) + cell(leaf, "target").value
        for node in plan.units.index:
            cell(node, "target").value = totals[node]
            for name in ("growth", "stretch", "chance"):
                cell(node, name).value = None

    yield Messy(
        "values pasted over formulas", edited(book, values_only), {(WANG, "lock"): 1_700_000}
    )

    def region_typed(page: Any, cell: Any) -> None:
        cell("华东", "target").value = 850  # over the formula
        cell("/", "target").value = 3000

    yield Messy(
        "totals typed over",
        edited(book, region_typed),
        {("华东", "lock"): 8_500_000},
        total=30_000_000,
    )

    def merged_body(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170
        first = cell(BI, "ceiling").row  # the last of its province, then the next region
        cell(BI, "ceiling").value = 300
        page.merge_cells(start_row=first, end_row=first + 1, start_column=6, end_column=6)

    row = HEAD + 2 + list(plan.units.index).index(BI)
    yield Messy(
        "an amount merged over two rows", edited(book, merged_body), {(WANG, "lock"): 1_700_000},
        refused=frozenset({f"F{row}", f"F{row + 1}"}),
    )  # fmt: skip

    def two_targets(page: Any, cell: Any) -> None:
        cell(WANG, "floor").value = 150
        cell(LI, "target").value = 190
        page.cell(HEAD + 1, AT["level"] + 1).value = "目标"

    yield Messy(
        "two columns of targets", edited(book, two_targets), {(WANG, "floor"): 1_500_000},
        refused=frozenset({f"B{HEAD + 1}"}),
    )  # fmt: skip


def _foreign(
    plan: Plan, other: Plan, older: Plan, measure: Measure, book: bytes
) -> Iterator[Messy]:
    yield Messy(
        "another company's workbook", planner_workbook(other, measure, language="zh"), whole=True
    )

    def typed(page: Any, cell: Any) -> None:
        cell(WANG, "target").value = 170

    yield Messy(
        "an older version's workbook",
        edited(planner_workbook(older, measure, language="zh", name="第 2 版"), typed),
        {(WANG, "lock"): 1_700_000}, notes=("第 2 版",),
    )  # fmt: skip
    old = openpyxl.load_workbook(
        io.BytesIO(planner_workbook(older, measure, language="zh")), data_only=True
    )["目标"]
    rows = [["" if v is None else v for v in line] for line in old.iter_rows(values_only=True)]
    yield Messy("an older version saved as CSV", as_csv(rows), whole=True)
    yield Messy("a damaged file", book[: len(book) // 2], rejected=True)
    yield Messy("no table at all", b"\x89PNG\r\n\x1a\n" + bytes(200), rejected=True)
    orders = [["订单日期", "地区", "销售额"], ["2026-01-02", "华东", "120.5"]]
    yield Messy("a table of orders", as_csv(orders), rejected=True)
    rows = table(plan, ("单位", "目标（万元）"))
    rows = [row if row[0] != "王芳" else ["王方", 170] for row in rows]
    rows = [row if row[0] != "李娜" else ["李娜", 190] for row in rows]
    yield Messy(
        "a copied table with a misspelt and two doubtful names", as_xlsx(rows), {(LI, "lock"): 1_900_000},
        refused=frozenset({"A6", "A20", "A21"}), notes=("未注明所属方案",),
    )  # fmt: skip


def _as_excel_shows(cell: Any) -> str:
    """A cell as a saved CSV has it: what its format shows."""
    if cell.value is None:
        return ""
    if not isinstance(cell.value, int | float):
        return str(cell.value)
    form = cell.number_format.split(";")[0].lstrip("+")
    if form.endswith("%"):
        return f"{cell.value:.{form.count('0') - 1}%}"
    decimals = len(form.partition(".")[2])
    return f"{cell.value:,.{decimals}f}" if "#,#" in form else f"{cell.value:g}"


def _texts(plan: Plan, saved: list[Any]) -> Iterator[Messy]:
    def changed(rows: list[list[Any]], value: object) -> list[list[Any]]:
        column = next(at for at, name in enumerate(rows[0]) if name.startswith("目标"))
        for row in rows:
            if row[0] == "王芳":
                row[column] = value
        return rows

    heads = ("单位", "完整路径", "预测", "下限", "上限", "目标（万元）", "锁定")
    gb = as_csv(changed(table(plan, heads), "170"), "gb18030")
    limits = {
        (WANG, "lock"): 1_700_000
    }  # empty cells release nothing: nobody knows what stood there
    yield Messy("a CSV in GB18030", gb, limits, notes=("GB18030",))
    shown = [[_as_excel_shows(cell) for cell in row] for row in saved]
    for row in shown:
        if WANG in row:
            row[AT["target"]] = "170"
        if ZHEJIANG in row:
            row[AT["floor"]] = ""
    yield Messy(
        "our sheet saved as CSV by Excel in China", as_csv(shown, "gb18030"),
        {(WANG, "lock"): 1_700_000, (ZHEJIANG, "floor"): None}, notes=("GB18030",),
    )  # fmt: skip
    short = ("单位", "完整路径", "目标（万元）")
    german = [
        [f"{v:.4f}".replace(".", ",") if isinstance(v, float) else v for v in row]
        for row in changed(table(plan, short), 170.0)
    ]
    yield Messy(
        "a CSV with decimal commas", as_csv(german, "utf-8-sig", ";"), {(WANG, "lock"): 1_700_000},
        language="en",
    )  # fmt: skip
    grouped = [
        [f"{v:,.4f}" if isinstance(v, float) else v for v in row]
        for row in changed(table(plan, short, 1), "1,700,000")
    ]
    grouped[0] = ["单位", "完整路径", "目标（元）"]
    yield Messy(
        "a CSV in yuan with separators, tabs and UTF-16", as_csv(grouped, "utf-16", "\t"),
        {(WANG, "lock"): 1_700_000},
    )  # fmt: skip
    dollars = as_csv([["单位", "完整路径", "目标（USD）"], ["王芳", WANG, "1700000"]])
    yield Messy("another currency", dollars, refused=frozenset({"A1"}))


def _lists(filled: bytes) -> Iterator[Messy]:
    def people(page: Any, cell: Any) -> None:
        starts = (
            dt.datetime(2026, 1, 1),
            "2026年2月",
            46082,
            "２０２６／３／１",
            "2026-13",
            "明年",
        )
        for at, start in enumerate(starts):
            row = (HE.rpartition("/")[0], start, 1 + at, 2, 2000, "月", "拜访", 1, "王总", "")
            for column, value in enumerate(row, start=1):
                page.cell(5 + at, column).value = value
        for row in (9, 10):
            page.cell(row, 1).value = "华东"
            page.cell(row, 7).value = "电话"

    starts = ("2026-01", "2026-02", "2026-03", "2026-03")
    yield Messy(
        "people with dates of every kind", _list(filled, "人员", people),
        people=tuple({"start": s, "count": n + 1, "ramp": 2} for n, s in enumerate(starts)),
        refused=frozenset({"B9", "B10"}),
    )  # fmt: skip
    rows = [["单位", "起始月份", "人数", "上手月数", "每人工作量", "工作类型", "单位工作量带来的销售额（万元）"],
            ["西南/四川", 44620, 3, 1, 2000, "拜访", 1]]  # fmt: skip
    yield Messy(
        "days counted from 1904", as_xlsx(rows, options={"date_1904": True}),
        people=({"start": "2026-03", "count": 3, "ramp": 1},),
    )  # fmt: skip

    def limits(page: Any, cell: Any) -> None:
        new = (
            ("华东/上海", "下限", 300, "王总", "新店"), ("华东/上海", "底线", 300, "", ""),
            ("北京", "上限", "700万", "", ""), ("华东/上每", "上限", 400, "", ""),
            ("华北/北京/刘洋", "锁定", 330, "", ""), ("华北/北京/刘洋", "锁定", 340, "", ""),
        )  # fmt: skip
        for at, row in enumerate(new):
            for column, value in enumerate(row, start=1):
                page.cell(8 + at, column).value = value
        page.cell(5, 3).value = None  # the first one known is released

    yield Messy(
        "a list of limits", _list(filled, "限制", limits),
        {(ZHEJIANG, "floor"): None, ("华东/上海", "floor"): 3_000_000, ("华北/北京", "ceiling"): 7_000_000},
        refused=frozenset({"B9", "A11", "C13"}),
    )  # fmt: skip


def _list(data: bytes, sheet: str, edit: Edit) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(data))
    edit(book[sheet], lambda node, name: None)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
