"""A new user's table is understood without help; expectations written down from the data cards."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.history.load import load
from salesforecast.history.mapping import guess
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import build_history
from salesforecast.history.validate import refuse_errors, validate

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Expected:
    """What the data card says; `total` is the sum of the amounts that must be read."""

    file: str
    date: str
    amount: str
    places: tuple[str, ...]
    quantity: str = ""
    person: str = ""
    product: str = ""
    line: tuple[str, ...] = ()
    freq: str = "M"
    leave_out: tuple[str, ...] = field(default=())


SUPERSTORE = Expected(
    "superstore_cn/orders_gb18030.csv.gz",
    "订单日期", "销售额", ("地区", "省/自治区"), "数量", "", "类别", ("行 ID",),
)  # fmt: skip
SIX = (
    SUPERSTORE,
    Expected(
        "uci_online_retail/online_retail_daily_country.csv.gz",
        "ds", "net_sales", ("Country",), "units_sold",
    ),
    Expected("walmart_store_weekly/walmart_store_weekly.csv.gz", "ds", "y", ("store",)),
    Expected(
        "tourism_au_quarterly/tourism_au_quarterly.parquet",
        "ds", "y", ("State", "Region"), product="Purpose", freq="Q",
    ),
    Expected(
        "aus_retail/aus_retail.parquet", "ds", "y", ("State",), product="Industry",
        leave_out=(
            "Cafes, restaurants and takeaway food services",
            "Clothing, footwear and personal accessory retailing",
            "Food retailing", "Household goods retailing", "Other retailing",
        ),
    ),
    Expected(
        "adventureworks/FactResellerSales.csv.gz", "OrderDate", "SalesAmount",
        ("SalesTerritoryKey",), "OrderQuantity", "EmployeeKey", "",
        ("SalesOrderNumber", "SalesOrderLineNumber"),
    ),
)  # fmt: skip
MORE = (
    Expected(
        "superstore_cn/示例 - 超市.xls",
        "订单日期", "销售额", ("地区", "省/自治区"), "数量", "", "类别", ("行 ID",),
    ),
    Expected(
        "dominicks_orange_juice/oj_store_brand_week.parquet",
        "ds", "units", ("store",), product="brand",
    ),
    Expected(
        "tourism_au_monthly_large/tourism_au_monthly_large.parquet",
        "ds", "y", ("state", "zone", "region"), product="purpose",
    ),
    Expected(
        "m5_store_dept_daily/m5_store_dept_daily.parquet",
        "ds", "units", ("state", "store"), product="cat",
    ),
    Expected("china_trade_cny/china_trade_monthly.csv", "ds", "y", ("unique_id",)),
)  # fmt: skip


def _found(file: Path) -> tuple[Expected, Organisation]:
    organisation = guess(file).organisation
    source = organisation.sources[0]
    columns = source.columns
    return (
        Expected(
            "", columns.date, columns.amount, columns.territory, columns.quantity,
            columns.person, columns.product, columns.line, organisation.freq, source.leave_out,
        ),
        organisation,
    )  # fmt: skip


@pytest.mark.parametrize("expected", [*SIX, *MORE], ids=lambda e: e.file)
def test_the_mapping_is_right_without_help(expected, tmp_path):
    file = SHARED / expected.file
    if not file.exists():
        pytest.skip("shared data is not beside this checkout")
    found, organisation = _found(file)
    assert found == Expected(**{**expected.__dict__, "file": ""})
    organisation.write(tmp_path / "organisation.toml")
    again = Organisation.read(tmp_path / "organisation.toml")
    loaded = load(again)
    refuse_errors(validate(loaded, again))
    history = build_history(loaded.lines, again)
    seen = loaded.lines[loaded.lines["period"] <= history.cutoff]["amount"].sum()
    assert history.frame["sales"].sum() == pytest.approx(seen)
    assert len(history.hierarchy.leaf_paths) > 1


def test_the_sample_facts_are_understood_and_their_sliding_day_is_mended():
    found = guess(ROOT / "data" / "adventureworks" / "FactResellerSales.csv.gz")
    source = found.organisation.sources[0]
    assert source.columns.person == "EmployeeKey"
    assert source.shift_days == -3
    lines = load(found.organisation).lines
    assert lines["period"].nunique() == 33
    assert any("slides over month ends" in note for note in found.notes)


def _frame() -> pd.DataFrame:
    rows = [
        {"月份": f"2025年{month}月", "大区": area, "省份": province, "业务员": who,
         "产品线": product, "销售额(万元)": f"{base * month / 10:.2f}", "目标(万元)": "99"}
        for month in range(1, 13)
        for area, province, who, base in (
            ("华东", "浙江", "张伟", 12), ("华东", "江苏", "王芳", 34), ("华北", "河北", "李娜", 56),
        )
        for product in ("整机", "配件", "服务")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_chinese_plan_table_is_understood_with_its_unit(tmp_path):
    file = tmp_path / "销售.csv"
    file.write_bytes(_frame().to_csv(index=False).encode("gb18030"))
    organisation = guess(file).organisation
    source = organisation.sources[0]
    assert source.columns.territory == ("大区", "省份")
    assert (source.columns.date, source.columns.amount) == ("月份", "销售额(万元)")
    assert (source.columns.person, source.columns.product) == ("业务员", "产品线")
    assert (source.multiplier, organisation.measure.unit) == (10_000, "元")
    assert organisation.measure.name == "销售额"
    expected = _frame()["销售额(万元)"].astype(float).sum() * 10_000
    assert load(organisation).lines["amount"].sum() == pytest.approx(expected)


def test_the_file_is_written_in_another_folder_and_still_finds_the_table(tmp_path):
    file = tmp_path / "data" / "sales.csv"
    file.parent.mkdir()
    file.write_bytes(_frame().to_csv(index=False).encode())
    target = tmp_path / "plans" / "organisation.toml"
    target.parent.mkdir()
    guess(file).organisation.write(target)
    assert "../data/sales.csv" in target.read_text("utf-8")
    assert len(load(Organisation.read(target)).lines) == len(_frame())


def test_what_was_found_odd_is_told(tmp_path):
    frame = _frame()
    frame.loc[5, "销售额(万元)"] = "-3"
    file = tmp_path / "sales.csv"
    file.write_bytes(frame.to_csv(index=False).encode())
    found = guess(file)
    assert any("negative" in finding.what for finding in found.findings)
    assert any(note.startswith("not used: 目标(万元)") for note in found.notes)


def test_ambiguous_dates_are_told_not_guessed(tmp_path):
    rows = [f"{day:02d}/{month:02d}/2025,North,{day}.5" for month in (1, 2) for day in (3, 4)]
    file = tmp_path / "sales.csv"
    file.write_text("\n".join(["date,region,amount", *rows, "01/02/2025,South,3.25"]))
    found = guess(file)
    assert found.organisation.sources[0].columns.date == "date"
    assert found.organisation.sources[0].day_first is None
    assert any("day_first" in note for note in found.notes)
    assert any(f.severity == "error" and "ambiguous" in f.what for f in found.findings)


def test_a_table_without_amounts_is_refused(tmp_path):
    file = tmp_path / "names.csv"
    file.write_text("date,region\n2025-01-01,North\n2025-01-02,South\n")
    with pytest.raises(DataError, match="no column of amounts"):
        guess(file)


def test_a_unit_in_the_title_counts(tmp_path):
    frame = _frame().rename(columns={"销售额(万元)": "销售额"})
    text = "2025年销售明细,,,,,,\n单位：万元,,,,,,\n" + frame.to_csv(index=False)
    file = tmp_path / "销售.csv"
    file.write_bytes(text.encode("gb18030"))
    found = guess(file)
    assert found.organisation.sources[0].multiplier == 10_000
    assert found.organisation.measure.unit == "元"
    assert any("times 10,000" in note for note in found.notes)
    assert any("2 rows above" in finding.what for finding in found.findings)


@pytest.mark.parametrize(
    "names",
    [
        ["2022H1", "2022H2", "2023H1"],
        ["2022", "2023", "2024"],
        ["2024-01-01", "2024-01-08", "2024-01-15"],
    ],
)
def test_other_periods_side_by_side_are_refused_by_name(tmp_path, names):
    file = tmp_path / "sales.csv"
    rows = "\n".join(f"{place},{n},{n},{n}" for n, place in enumerate(("North", "South", "West")))
    file.write_text("region," + ",".join(names) + "\n" + rows, encoding="utf-8")
    with pytest.raises(DataError, match="side by side") as caught:
        guess(file)
    assert "Unpivot" in caught.value.fix


def test_no_column_of_dates_says_of_each_why_not(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text("region,when,sales\nNorth,soon,1.5\nSouth,later,2.5\n")
    with pytest.raises(DataError, match="no column of dates") as caught:
        guess(file)
    assert "when: holds text, such as 'soon', 'later'" in caught.value.where
    assert "sales: holds numbers, such as '1.5', '2.5'" in caught.value.where


def _read_back(found, tmp_path):
    target = tmp_path / "organisation.toml"
    found.organisation.write(target)
    organisation = Organisation.read(target)
    assert organisation == found.organisation
    loaded = load(organisation)
    refuse_errors(validate(loaded, organisation))
    return target.read_text("utf-8"), loaded


def test_rows_of_totals_are_left_out_and_named(tmp_path):
    rows = _frame().iloc[::3].to_numpy().tolist()
    table = [[*row[:5], float(row[5]) * 10_000, row[6]] for row in rows]
    table.insert(5, ["2025年2月", "华东小计", "", "", "", 9e9, ""])
    table.append(["", "合计", "合计", "合计", "", 9e9, ""])
    names = [*_frame().columns[:5], "销售额(元)", "目标"]
    file = tmp_path / "sales.csv"
    pd.DataFrame(table, columns=names).to_csv(file, index=False)
    found = guess(file)
    assert found.organisation.sources[0].leave_out == ("华东小计", "合计")
    assert any("rows 7, 39" in note for note in found.notes)
    assert any("大区 (2)" in note for note in found.notes)
    _, loaded = _read_back(found, tmp_path)
    assert loaded.lines["amount"].sum() == pytest.approx(sum(float(row[5]) for row in rows) * 1e4)


def test_totals_told_by_a_column_that_is_not_read_are_an_error(tmp_path):
    frame = _frame()
    frame["备注"] = ["全年合计" if at == 40 else f"note {at}" for at in range(len(frame))]
    file = tmp_path / "sales.csv"
    frame.to_csv(file, index=False)
    found = guess(file)
    assert found.organisation.sources[0].leave_out == ()
    (wrong,) = [finding for finding in found.findings if finding.severity == "error"]
    assert wrong.where == "sales.csv, row 42"
    assert wrong.what == "1 row of totals in columns that are not read"


@pytest.mark.parametrize("header", ["Month", "Period", "月份"])
@pytest.mark.parametrize("form", ["{m}-23", "{m} 2023", "{n}月 23", "2023年{n}月"])
def test_months_by_name_are_dates(tmp_path, header, form):
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    months = [form.format(m=m, n=n) for n, m in enumerate(names, start=1)]
    months = [m.replace("月 23", "月") for m in months]
    if form.startswith("{n}"):
        months = [
            f"2023年{word}月"
            for word in ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]
        ]
    rows = [f"{month},{place},{n}.5" for n, month in enumerate(months) for place in "AB"]
    file = tmp_path / "sales.csv"
    file.write_text("\n".join([f"{header},region,sales", *rows]), encoding="utf-8")
    found = guess(file)
    assert found.organisation.sources[0].columns.date == header
    days = load(found.organisation).lines["date"].drop_duplicates()
    assert days.tolist() == pd.date_range("2023-01-01", periods=12, freq="MS").tolist()


@pytest.mark.parametrize(
    ("column", "name", "unit", "multiplier"),
    [
        ("Net Sales EUR", "net sales", "EUR", 1),
        ("sales_usd", "sales", "USD", 1),
        ("Revenue in CNY", "revenue", "CNY", 1),
        ("Sales kEUR", "sales", "EUR", 1000),
        ("Sales (net)", "sales", "", 1),
        ("销售额_万元", "销售额", "元", 10_000),
        ("销售额（元）", "销售额", "元", 1),
    ],
)
def test_a_unit_in_a_column_name_is_not_part_of_the_measure(
    column, name, unit, multiplier, tmp_path
):
    frame = _frame().rename(columns={"销售额(万元)": column})
    file = tmp_path / "sales.csv"
    frame.to_csv(file, index=False)
    organisation = guess(file).organisation
    assert (organisation.measure.name, organisation.measure.unit) == (name, unit)
    assert organisation.sources[0].multiplier == multiplier


@pytest.mark.parametrize(
    ("title", "unit", "multiplier"),
    [
        ("Sales by month in thousand EUR", "EUR", 1000),
        ("Sales 2025 (k$)", "USD", 1000),
        ("Currency: CNY", "CNY", 1),
        ("Sales in Europe 2025", "", 1),
    ],
)
def test_a_unit_in_an_english_title_counts(title, unit, multiplier, tmp_path):
    frame = _frame().rename(columns={"销售额(万元)": "sales"})
    file = tmp_path / "sales.csv"
    file.write_text(f"{title}\n\n{frame.to_csv(index=False)}", encoding="utf-8")
    organisation = guess(file).organisation
    assert (organisation.measure.unit, organisation.sources[0].multiplier) == (unit, multiplier)


def test_small_amounts_are_told_only_where_no_multiplier_is_written(tmp_path):
    file = tmp_path / "sales.csv"
    frame = _frame()
    frame["销售额(万元)"] = [f"{n % 17}.3{n % 9}1" for n in range(len(frame))]
    frame.to_csv(file, index=False)
    assert not any("small" in f.what for f in guess(file).findings)
    frame.rename(columns={"销售额(万元)": "销售额"}).to_csv(file, index=False)
    assert any("small" in f.what for f in guess(file).findings)


def test_yuan_are_shown_in_ten_thousands(tmp_path):
    file = tmp_path / "sales.csv"
    _frame().to_csv(file, index=False)
    measure = guess(file).organisation.measure
    assert (measure.display, measure.divisor) == ("万元", 10_000)


@pytest.mark.parametrize(
    ("name", "two", "said"),
    [("币种", ("CNY", "USD"), 2), ("Currency", ("Euro", "Pfund"), 2), ("Sold in", ("EUR", "GBP"), 2),
     ("Currency", ("EUR", "EUR"), 0), ("Kind", ("new", "old"), 0)],
)  # fmt: skip
def test_amounts_in_several_currencies_are_told_before_they_are_added(tmp_path, name, two, said):
    days = pd.date_range("2024-01-01", periods=730).strftime("%Y-%m-%d")
    lines = pd.DataFrame({"date": days, "region": "North", "sales": range(1000, 1730)})
    lines[name] = [two[at % 2] for at in range(len(lines))]
    lines.to_csv(tmp_path / "orders.csv", index=False)
    told = [one for one in guess(tmp_path / "orders.csv").findings if "currencies" in one.what]
    assert len(told) == bool(said)
    assert all(f"{said} currencies" in one.what and f"'{name}'" in one.effect for one in told)
