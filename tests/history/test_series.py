"""Series on positions: everything dates from the cutoff, and nothing is lost on the way."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.errors import DataError
from salesforecast.history.load import load
from salesforecast.history.organisation import Columns, Organisation, Source
from salesforecast.history.series import (
    actuals,
    build_history,
    condense,
    last_complete_period,
    read_quotas,
    uncredited,
)
from tests.examples import examples

SAMPLE = Path(__file__).parents[2] / "data" / "adventureworks" / "organisation.toml"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "adventureworks"
shared = pytest.mark.skipif(not SHARED.exists(), reason="shared data is not beside this checkout")
WEST = "North America/United States/Northwest"


@pytest.fixture(scope="module")
def organisation():
    return Organisation.read(SAMPLE)


@pytest.fixture(scope="module")
def lines(organisation):
    return load(organisation).lines


@pytest.fixture(scope="module")
def cells(lines):
    return condense(lines)


@pytest.fixture(scope="module")
def history(lines, organisation):
    return build_history(lines, organisation)


def test_every_line_is_in_the_history(history, lines):
    assert history.cutoff == pd.Timestamp("2013-08-01")
    assert len(lines) == 53_207 + 37_768
    assert history.frame["sales"].sum() == pytest.approx(lines["amount"].sum(), rel=1e-12)
    assert set(history.frame["node"]) == set(history.hierarchy.leaf_paths)


def test_series_are_regular_up_to_the_cutoff(history):
    for _, series in history.frame.groupby(["node", "product"]):
        months = series["period"].dt.year * 12 + series["period"].dt.month
        assert (np.diff(months) == 1).all()
        assert series["period"].iloc[-1] == history.cutoff
        assert series["sales"].iloc[0] != 0


def test_lines_and_condensed_lines_give_the_same(cells, lines, organisation):
    cutoff = pd.Timestamp("2012-05-01")
    one = build_history(lines, organisation, cutoff)
    two = build_history(cells, organisation, cutoff)
    pd.testing.assert_frame_equal(one.frame, two.frame)
    assert one.hierarchy == two.hierarchy
    shuffled = build_history(lines.sample(frac=1, random_state=0), organisation, cutoff)
    pd.testing.assert_frame_equal(one.frame, shuffled.frame)


def test_nothing_after_the_cutoff_is_seen(cells, organisation):
    cutoff = pd.Timestamp("2012-05-01")
    seen = build_history(cells[cells["period"] <= cutoff], organisation, cutoff)
    all_of_it = build_history(cells, organisation, cutoff)
    pd.testing.assert_frame_equal(seen.frame, all_of_it.frame)
    pd.testing.assert_frame_equal(seen.roster, all_of_it.roster)


def test_people_hold_the_position_of_the_cutoff(cells, organisation):
    def home(cutoff, person):
        roster = build_history(cells, organisation, pd.Timestamp(cutoff)).roster
        return roster.set_index("person")["territory"].get(person)

    assert home("2012-05-01", "Michael Blythe").endswith("Northeast")  # swapped on 2012-06-30
    assert home("2012-06-01", "Michael Blythe").endswith("Central")
    assert home("2012-05-01", "Jillian Carson").endswith("Central")
    assert home("2011-11-01", "José Saraiva").endswith("Canada")  # moved on 2011-12-29
    assert home("2011-12-01", "José Saraiva").endswith("United Kingdom")
    assert home("2013-08-01", "Pamela Ansman-Wolfe") == WEST  # assignment ended, never left
    assert home("2013-08-01", "Jae Pak").endswith("Canada")  # the history wins over the people file
    assert home("2012-11-01", "Rachel Valdez") is None  # joins on 2012-12-28
    assert home("2013-08-01", "Stephen Jiang") is None  # a manager has no home


def test_house_leaves_take_what_nobody_owns(history, lines):
    sales = history.frame.groupby("node")["sales"].sum()
    online = lines[lines["person"] == ""].groupby("territory")["amount"].sum()
    for territory, amount in online.items():
        assert sales[f"{territory}/(online)"] == pytest.approx(amount)
    managers = ["Stephen Jiang", "Amy Alberts", "Syed Abbas"]
    amount = lines[lines["person"].isin(managers)]["amount"].sum()
    assert sales[sales.index.str.endswith("/(manager)")].sum() == pytest.approx(amount)


@shared
def test_people_and_quarters_agree_with_the_published_attainment(lines, organisation):
    published = pd.read_csv(SHARED / "quarterly_quota_vs_actual.csv", parse_dates=["QuotaDate"])
    names = pd.read_csv(SHARED / "DimEmployee_sales.csv").set_index("EmployeeKey")
    published["person"] = published["EmployeeKey"].map(names["FirstName"] + " " + names["LastName"])
    shifted = published["QuotaDate"] - pd.Timedelta(days=3)
    published["period"] = organisation.calendar.start(shifted, "Q")
    sold = lines[lines["person"] != ""].assign(
        period=lambda frame: organisation.calendar.start(frame["period"], "Q")
    )
    ours = sold.groupby(["person", "period"])["amount"].sum().rename("ours")
    both = published.merge(ours, on=["person", "period"], how="outer", validate="one_to_one")
    assert len(both) == len(published) == 146
    assert both["ours"].to_numpy() == pytest.approx(
        both["ActualResellerSales"].to_numpy(), abs=0.006
    )
    quotas = published.merge(read_quotas(organisation), on=["person", "period"])
    assert (quotas["SalesAmountQuota"] == quotas["quota"]).all()
    assert len(quotas) == 146


@shared
def test_cells_agree_with_the_published_cycles(lines):
    published = pd.read_csv(
        SHARED / "monthly_cycle_territory_category_channel.csv", parse_dates=["ds"]
    )
    ours = lines.assign(
        Channel=np.where(lines["person"] == "", "Online", "Reseller"),
        Territory=lines["territory"].str.split("/").str[-1],
    )
    ours = ours.groupby(["period", "Territory", "product", "Channel"])["amount"].sum()
    keys = ["ds", "Territory", "ProductCategory", "Channel"]
    theirs = published.set_index(keys)["SalesAmount"].rename_axis(ours.index.names)
    assert len(ours) == len(theirs) == 1411
    assert (ours - theirs).abs().max() < 0.006


def test_actuals_follow_the_roster_of_the_cutoff(cells, organisation):
    cutoff = pd.Timestamp("2012-11-01")
    past = build_history(cells, organisation, cutoff)
    quarter = organisation.calendar.next_quarter(cutoff)
    sold = actuals(cells, organisation, past, quarter)
    assert len(sold) == len(past.hierarchy.leaf_paths) * 3
    lost = uncredited(cells, organisation, past, quarter)
    everything = cells[cells["period"].isin(quarter)]["amount"].sum()
    assert sold["actual"].sum() + lost["amount"].sum() == pytest.approx(everything)
    assert {"Rachel Valdez", "Lynn Tsoflias"} <= set(lost["person"])  # joined after the cutoff
    blythe = sold[sold["node"].str.endswith("Michael Blythe")]["actual"].sum()
    his = cells[(cells["person"] == "Michael Blythe") & cells["period"].isin(quarter)]
    assert blythe == pytest.approx(his["amount"].sum())


def test_a_cutoff_before_the_first_sale_is_refused(cells, organisation):
    with pytest.raises(DataError, match="nothing was sold"):
        build_history(cells, organisation, pd.Timestamp("2009-01-01"))


def test_a_partial_last_month_is_left_out(lines, organisation):
    cut = lines[lines["date"] < "2013-08-10"]
    assert last_complete_period(cut, organisation) == pd.Timestamp("2013-07-01")
    history = build_history(cut, organisation)
    assert history.cutoff == pd.Timestamp("2013-07-01")
    assert "after the cutoff" in history.findings[0].what


FLAT = """\
name = "Flat"
levels = ["region"]
[[source]]
path = "orders.csv"
[source.columns]
date = "day"
amount = "sales"
territory = "region"
person = "who"
[people]
path = "people.csv"
key = "who"
name = "who"
territory = "region"
left = "left"
[assignments]
path = "moves.csv"
person = "who"
territory = "region"
start = "from"
"""


@pytest.fixture
def small(tmp_path):
    """Ann moves from North to South in June; Bo leaves in August; Cy has no home."""
    (tmp_path / "organisation.toml").write_text(FLAT, encoding="utf-8")
    (tmp_path / "people.csv").write_text("who,region,left\nAnn,North,\nBo,North,2025-08-15\nCy,,\n")
    (tmp_path / "moves.csv").write_text(
        "who,region,from\nAnn,North,2024-01-01\nAnn,South,2025-06-01\n"
    )
    rows = ["day,sales,region,who"]
    for month in range(1, 13):
        rows += [f"2025-{month:02d}-10,100,North,Ann", f"2025-{month:02d}-20,1,South,"]
        rows += [f"2025-{month:02d}-25,7,South,Cy"]
        if month < 8:
            rows.append(f"2025-{month:02d}-15,10,North,Bo")
    (tmp_path / "orders.csv").write_text("\n".join(rows))
    organisation = Organisation.read(tmp_path / "organisation.toml")
    return organisation, load(organisation).lines


def test_movers_leavers_and_managers_by_hand(small):
    organisation, lines = small
    before = build_history(lines, organisation, pd.Timestamp("2025-05-01"))
    sales = before.frame.groupby("node")["sales"].sum()
    assert sales.to_dict() == {
        "North/Ann": 500, "North/Bo": 50, "South/(manager)": 35, "South/(online)": 5,
    }  # fmt: skip
    after = build_history(lines, organisation, pd.Timestamp("2025-12-01"))
    sales = after.frame.groupby("node")["sales"].sum()
    assert sales.to_dict() == {
        "North/(open)": 70, "South/Ann": 1200, "South/(manager)": 84, "South/(online)": 12,
    }  # fmt: skip
    assert after.roster["person"].tolist() == ["Ann"]
    bo = after.frame[after.frame["node"] == "North/(open)"]
    assert bo["sales"].tolist() == [10] * 7 + [0] * 5


def test_later_sales_of_movers_and_leavers_stay_with_their_position(small):
    organisation, lines = small
    past = build_history(lines, organisation, pd.Timestamp("2025-05-01"))
    summer = pd.DatetimeIndex(["2025-06-01", "2025-07-01", "2025-08-01"])
    sold = actuals(lines, organisation, past, summer).groupby("node")["actual"].sum()
    assert sold.to_dict() == {
        "North/Ann": 300, "North/Bo": 20, "South/(manager)": 21, "South/(online)": 3,
    }  # fmt: skip
    assert uncredited(lines, organisation, past, summer).empty


def _with(tmp_path, old, new):
    file = tmp_path / "organisation.toml"
    file.write_text(FLAT.replace(old, new), encoding="utf-8")
    organisation = Organisation.read(file)
    return organisation, load(organisation).lines


def test_without_any_list_of_homes_people_live_where_they_sell_most(small, tmp_path):
    start = FLAT.index("[people]")
    organisation, lines = _with(tmp_path, FLAT[start:], "")
    history = build_history(lines, organisation)
    assert set(history.hierarchy.leaf_paths) == {
        "North/Ann", "North/Bo", "South/Cy", "South/(online)",
    }  # fmt: skip
    organisation, lines = _with(
        tmp_path, FLAT[start:], '[people]\npath="people.csv"\nkey="who"\nname="who"\n'
    )
    assert "South/Cy" in build_history(lines, organisation).hierarchy.leaf_paths


def test_who_is_assigned_later_only_has_a_home_by_sales_until_then(small, tmp_path):
    (tmp_path / "moves.csv").write_text("who,region,from\nAnn,South,2025-06-01\n")
    organisation, lines = _with(tmp_path, "", "")
    before = build_history(lines, organisation, pd.Timestamp("2025-05-01"))
    assert before.roster.set_index("person")["territory"].to_dict() == {
        "Ann": "North", "Bo": "North",
    }  # fmt: skip


def test_who_left_on_an_unknown_day_left_after_the_last_sale(small, tmp_path):
    (tmp_path / "people.csv").write_text(
        "who,region,left,status\nAnn,North,,in\nBo,North,,out\nCy,,,in\n"
    )
    organisation, lines = _with(
        tmp_path, 'left = "left"', 'left = "left"\nstatus = "status"\nstatus_left = ["out"]'
    )
    july = build_history(lines, organisation, pd.Timestamp("2025-07-01"))
    assert "North/Bo" in july.hierarchy.leaf_paths
    august = build_history(lines, organisation, pd.Timestamp("2025-08-01"))
    assert "North/(open)" in august.hierarchy.leaf_paths


BOOKINGS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["North", "South"]),
        st.sampled_from(["", "Ann", "Bo"]),
        st.sampled_from(["pens", "ink"]),
        st.integers(-100, 1000).filter(bool),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=examples(60))
@given(bookings=BOOKINGS, seen=st.integers(0, 30))
def test_every_sale_up_to_the_cutoff_is_in_exactly_one_leaf(bookings, seen):
    organisation = Organisation(
        name="Any",
        levels=("region",),
        sources=(Source("o.csv", Columns("d", "a", ("r",), person="p")),),
    )
    months = pd.date_range("2023-01-01", periods=31, freq="MS", unit="us")
    cells = pd.DataFrame(bookings, columns=["period", "territory", "person", "product", "amount"])
    cells["period"] = months[cells["period"]]
    cells = cells.astype({"amount": "float64"})
    within = cells[cells["period"] <= months[seen]]
    if within.empty:
        return
    history = build_history(cells, organisation, months[seen])
    assert history.frame["sales"].sum() == pytest.approx(within["amount"].sum())
    by_month = history.frame.groupby("period")["sales"].sum()
    expected = within.groupby("period")["amount"].sum()
    assert by_month[expected.index].to_numpy() == pytest.approx(expected.to_numpy())
    assert set(history.hierarchy.leaf_paths) == set(history.frame["node"])
    later = months[seen + 1 :]
    if len(later):
        sold = actuals(cells, organisation, history, later)["actual"].sum()
        lost = uncredited(cells, organisation, history, later)["amount"].sum()
        assert sold + lost == pytest.approx(cells[cells["period"] > months[seen]]["amount"].sum())


def test_a_people_file_that_changed_is_read_again(small, tmp_path):
    organisation, lines = small
    december = pd.Timestamp("2025-12-01")
    assert "South/Cy" not in build_history(lines, organisation, december).hierarchy.leaf_paths
    (tmp_path / "people.csv").write_text("who,region,left\nAnn,North,\nBo,North,\nCy,South,\n")
    leaves = build_history(lines, organisation, december).hierarchy.leaf_paths
    assert {"South/Cy", "North/Bo"} <= set(leaves)
