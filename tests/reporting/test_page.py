"""The page is one file, says the plan's own figures, and runs nothing that came from data."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from salesforecast.hierarchy import ROOT
from salesforecast.planning.hindcast import score
from salesforecast.reporting.evidence import made_section
from salesforecast.reporting.figures import fairness_strip, history_and_target, range_bar
from salesforecast.reporting.page import page, write_page
from salesforecast.reporting.wording import Wording

VOID = {"meta", "br"}


class Walk(HTMLParser):
    """Tags, attributes and text of a page; refuses tags that do not close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module", params=["en", "zh"])
def walked(request, report):
    return Walk(page(report, request.param)), request.param


def test_nothing_is_fetched_or_run(walked, report):
    walk, language = walked
    names = {name for name, _ in walk.attributes}
    fetching = {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "a",
        "image",
        "use",
    }
    assert not fetching & set(walk.tags)
    assert not {name for name in names if name.startswith("on")} | names & {"src", "href", "srcset"}
    assert "url(" not in page(report, language)
    assert "@import" not in page(report, language)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in walk.attributes


def test_names_from_data_are_shown_as_they_are(walked):
    text = "\n".join(walked[0].text)
    for name in ('Bikes "R" Us <&>', "=HYPERLINK(1)", "@Ann", "'O''Neil, \"Al\"", "江 小白", "<i>US",
                 "=2+3 <script>alert(1)</script>", "A. <Boss>", "joined <late>"):  # fmt: skip
        assert name in text, name


def test_the_headline_says_the_decision(report):
    company = report.company
    walk = Walk(page(report))
    headline = walk.text[
        walk.text.index(next(t for t in walk.text if t.startswith("Q4 FY2013: ask")))
    ]
    assert headline == (
        f"Q4 FY2013: ask for {company['target'] / 1000:,.0f}, which is "
        f"{company['stretch'] * 100:.1f}\u00a0% above the forecast and "
        f"{company['growth'] * 100:.1f}\u00a0% above last Q4."
    )


def test_each_unit_of_the_tree_shows_its_target_and_months(report):
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page(report))
    for node in (ROOT, "Americas", "Americas/Canada"):
        target = Wording("en", 1000).amount(report.plan.units.loc[node, "target"])
        months = [Wording("en", 1000).amount(v) for v in report.plan.months.loc[node]]
        found = [r for r in rows if f'<td class="n tg">{target}</td>' in r]
        assert any(all(f'<td class="n q">{m}</td>' in r for m in months) for r in found), node


def test_each_position_lands_on_the_page(report):
    text = "\n".join(Walk(page(report)).text)
    for label, target in report.leaves[["label", "target"]].itertuples(index=False):
        assert re.search(rf"{re.escape(label)}\n(?:.*\n)*?{target / 1000:,.0f}\n", text), label


def test_a_limit_is_said_by_its_unit_with_who_set_it(report):
    text = "\n".join(Walk(page(report)).text)
    assert (
        "Ceiling of =HYPERLINK(1)\n1,043\n1,073\nothers together −30\nA. <Boss>: =cmd|'/c calc'!A1"
        in text
    )
    assert (
        "Ceiling of =HYPERLINK(1): without it =HYPERLINK(1) would carry 1,073 instead of 1,043."
        in text
    )


def test_a_low_chance_is_red_and_bold_and_is_to_be_decided(report):
    units = report.plan.units.copy()
    units.loc["Pacific/Australia/Australia/-Bo", "chance"] = 0.1
    units.loc[ROOT, "chance"] = 0.2
    low = replace(report, plan=replace(report.plan, units=units))
    text = page(low)
    assert '<td class="n bad">10\u00a0%</td>' in text
    assert "Look at -Bo: the chance to attain is below 25\u00a0%." in text
    assert "is reached in 20 of 100 cases only" in text


def test_a_unit_without_sales_last_year_shows_no_growth(report):
    units = report.plan.units.copy()
    units.loc["Pacific", ["baseline", "growth"]] = [0.0, float("nan")]
    text = page(replace(report, plan=replace(report.plan, units=units)))
    row = next(r for r in re.findall(r"<tr[^>]*>.*?</tr>", text) if "Pacific: Australia" in r)
    assert '<td class="n">new</td>' in row


def test_without_hindcast_limits_changes_or_findings_the_page_still_stands(report):
    limits = report.plan.limits.iloc[:0]
    scenario = replace(report.plan.scenario, rules=())
    bare = replace(report, hindcast=None, changes=None, findings=(), run={},
                   history=report.history.iloc[:0],
                   plan=replace(report.plan, limits=limits, scenario=scenario))  # fmt: skip
    text = "\n".join(Walk(page(bare)).text)
    assert "No limit holds a target" in text
    assert "The data gave no warning." in text
    assert "Would it have been fair" not in text


def test_the_verdict_of_the_replay_is_told_when_it_is_bad(report):
    detail = report.hindcast.detail
    ours, habit = "equal chance", "pro rata, last four quarters"
    swapped = detail.assign(method=detail["method"].replace({ours: habit, habit: ours}))
    swapped = swapped.sort_values("method", kind="stable")
    bad = replace(
        report, hindcast=score(swapped, far_off=report.hindcast.far_off.iloc[:0], note="")
    )
    good, worse = (r.hindcast.summary["share_80_120"] for r in (report, bad))
    assert worse[ours] == good[habit] < good[ours]
    expected = f"Equal chance would have put {worse[ours] * 100:.0f}\u00a0% of people"
    text = page(bad)
    assert expected in text
    assert "keep this rule, or take that one." in text
    assert "keep this rule" not in page(report)


def test_many_units_are_cut_and_the_page_says_how_many(report):
    from salesforecast.hierarchy import Hierarchy

    paths = [
        f"G{g}/T{g}{t:02}/P{g}{t:02}{p}" for g in range(3) for t in range(20) for p in range(2)
    ]
    hierarchy = Hierarchy.of(
        paths, levels=("company", "group", "territory", "position"), label="Co"
    )
    columns = [
        "baseline",
        "forecast",
        "low80",
        "high80",
        "target",
        "assigned",
        "growth",
        "stretch",
        "chance",
    ]
    units = hierarchy.nodes.assign(**dict.fromkeys(columns, 1.0), limit="", sentence="")
    targets = pd.DataFrame(
        [(path, "x", report.plan.periods[0], 1) for path in paths],
        columns=["node", "product", "period", "target"],
    )
    plan = replace(report.plan, hierarchy=hierarchy, units=units, targets=targets)
    text = page(replace(report, plan=plan))
    assert "Levels below are left out here (60 rows)" in text
    assert "60 more, with 0.1 in all, are in the workbook." in text


def test_the_page_is_written_as_utf8_and_the_same_each_time(report, tmp_path):
    first, second = write_page(report, tmp_path / "a.html"), write_page(report, tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()
    assert '<meta charset="utf-8">' in first.read_text("utf-8")


def test_pictures_for_notebooks_are_svg_with_a_label(report):
    for picture in (history_and_target(report), fairness_strip(report, "zh")):
        assert Walk(picture._repr_html_()).tags.count("svg") == 1
        assert 'role="img" aria-label="' in picture.svg
    with pytest.raises(ValueError, match="no hindcast"):
        fairness_strip(replace(report, hindcast=None))


def test_the_strip_has_a_dot_for_each_person_quarter_and_counts_those_beyond(report):
    detail = report.hindcast.detail.copy()
    detail.loc[detail.index[:2], "attainment"] = 3.0
    svg = fairness_strip(replace(report, hindcast=replace(report.hindcast, detail=detail))).svg
    assert svg.count("<circle") == len(detail)
    assert ">2 beyond<" in svg


def test_bars_start_at_zero_and_their_height_is_proportional(report):
    svg = history_and_target(report).svg
    bars = re.findall(
        r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)" fill="#(?:c3cbd2|4d5761)"', svg
    )
    heights = [float(height) for _, height in bars]
    sales = report.history["sales"]
    assert all(abs(float(y) + float(h) - 148) < 0.11 for y, h in bars)
    assert heights == pytest.approx(list(sales / sales.max() * max(heights)), abs=0.11)


def test_the_range_bar_is_cut_at_the_edge_and_empty_without_a_forecast():
    wide = {"forecast": 100.0, "low80": 10.0, "high80": 500.0, "target": 100.0}
    assert 'x="4.0"' in range_bar(wide)
    assert 'width="56.0"' in range_bar(wide)
    assert "M32.0 7" in range_bar(wide)
    assert range_bar({**wide, "forecast": 0.0}) == ""


def test_where_leaves_are_places_the_page_speaks_of_no_person(report):
    levels = (*report.plan.hierarchy.levels[:-1], "store")
    places = replace(report.plan, hierarchy=replace(report.plan.hierarchy, levels=levels))
    text = "\n".join(
        Walk(
            page(replace(report, plan=places, unit="", unit_words="")),
        ).text
    )
    assert "What each store carries" in text
    assert "It lands on a person" not in text
    assert "September to November 2013\n" in text  # no unit: none is claimed


def test_a_hedge_shows_what_a_manager_is_told(report):
    units = report.plan.units.copy()
    units["assigned"] += 5000
    text = page(replace(report, plan=replace(report.plan, units=units)))
    target = units.loc["Americas/Canada/Canada/Jae Pak", "target"]
    assert (
        f'<td class="n tg">{target / 1000:,.0f}</td><td class="n">{target / 1000 + 5:,.0f}</td>'
    ) in text
    assert "Assigned: the target with the over-assignment" in text
    assert "over-assignment" not in page(report)


def test_the_lead_names_the_common_chance_and_counts_who_has_another(report):
    units = report.plan.units.copy()
    free = list(report.free.index)
    units.loc[free, "chance"] = 0.41
    same = replace(report, plan=replace(report.plan, units=units))
    assert "<b>41\u00a0%</b>, except one unit held by a limit." in page(same)
    rare = units.copy()
    rare.loc[free[:2], "chance"] = [0.1, 0.9]
    text = page(replace(report, plan=replace(report.plan, units=rare)))
    assert "<b>41\u00a0%</b>, except one unit held by a limit and 2 units with small" in text


def test_how_it_was_made_says_what_was_used_and_not_the_call(report):
    run = {**report.run, "parameters": {"stretch": 0.99, "draws": 1000}}  # the scenario's counts
    for language, draws in (("en", "draws"), ("zh", "模拟次数")):
        made = str(made_section(replace(report, run=run), Wording(language, report.divisor)))
        assert "0.99" not in made and f"<td>{draws}</td>" in made
