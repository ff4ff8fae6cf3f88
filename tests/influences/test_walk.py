"""What the organisation file declares moves the forecast as it should, and is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.forecasting.moved import by_leaf
from tests.influences.conftest import HOUSE, MONTHS, by_unit


def _told(inputs, words: str) -> str:
    return next(str(one) for one in inputs.influences.findings if words in str(one))


def _holds_together(inputs) -> None:
    """Draws keep to the means, and the steps add up to the forecast."""
    made, steps = inputs.forecast, inputs.influences.steps
    mean = made.samples.values.mean(axis=0)
    assert np.allclose(mean, by_leaf(made.frame, made.samples), rtol=1e-3, atol=1e-6)
    key = ["node", "product", "period"]
    total = steps.groupby(key)["amount"].sum()
    assert np.allclose(total, made.frame.set_index(key)["forecast"].loc[total.index], rtol=1e-9)


def test_nothing_declared_is_the_plain_forecast(company):
    inputs = company()
    assert inputs.influences.steps.empty
    assert not inputs.influences.findings


def _priced(frame: pd.DataFrame) -> pd.DataFrame:
    """Sales fall by twice what the price rises, by person and month."""
    prices = _prices()
    table = prices.set_index(["person", "month"])["price"]
    price = table.loc[list(zip(frame["person"], frame["date"], strict=True))].to_numpy()
    return frame.assign(amount=frame["amount"] * (price / 10.0) ** -2.0)


def _prices(ahead: float = 12.0) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    months = pd.date_range(MONTHS[0], "2024-12-01", freq="MS")
    rows = [
        {"person": person, "node": node, "month": month,
         "price": float(rng.choice([9.0, 10.0, 11.0])) if month <= MONTHS[-1] else ahead}
        for person, node in HOUSE.items()
        for month in months
    ]  # fmt: skip
    return pd.DataFrame(rows)


DRIVERS = """
[drivers]
path = "prices.csv"
period = "month"
node = "node"
columns = "price"
logarithm = "price"
"""


def test_a_price_is_learned_and_its_known_future_moves_the_forecast(company):
    dear = company(DRIVERS, _priced, {"prices.csv": _prices(12.0)})
    _holds_together(dear)
    effects = dear.influences.effects
    assert set(effects["name"]) == {"price"}
    wanted = 1.1**-2.0 - 1  # 10 % dearer
    assert np.allclose(effects["effect"], wanted, atol=0.02)
    assert effects["seen"].all()
    cheap = company(DRIVERS, _priced, {"prices.csv": _prices(9.0)})
    ratio = by_unit(dear) / by_unit(cheap)
    assert np.allclose(ratio, (12.0 / 9.0) ** -2.0, rtol=0.08)
    assert "price: 10 % more moves sales by −1" in _told(dear, "price")


@pytest.mark.parametrize(
    ("times", "unit"), [(0.01, "0.01 more"), (1.0, "1 more"), (1e6, "1,000,000 more")]
)
def test_an_effect_is_told_for_a_step_that_the_driver_can_take(company, times, unit):
    table = _prices(12.0).assign(price=lambda one: one["price"] * times)
    told = company(DRIVERS.replace('logarithm = "price"', ""), _priced, {"prices.csv": table})
    assert set(told.influences.effects["unit"]) == {unit}
    assert told.influences.effects["effect"].between(-0.5, -0.1).all()  # a tenth dearer or so
    assert f"price: {unit} moves sales by −" in _told(told, "price")


def test_a_missing_future_price_is_asked_for_or_carried_on_as_told(company):
    short = _prices()[lambda one: one["month"] <= MONTHS[-1]]
    with pytest.raises(DataError, match="not known ahead for 3 series") as asked:
        company(DRIVERS, _priced, {"prices.csv": short})
    assert 'ahead = "last"' in str(asked.value)
    carried = company(DRIVERS + 'ahead = "last"\n', _priced, {"prices.csv": short})
    _holds_together(carried)


def test_an_event_is_taken_out_and_put_where_it_comes_again(company):
    def flooded(frame):
        hit = (frame["region"] == "North") & frame["date"].isin(
            pd.to_datetime(["2022-02-01", "2023-02-01"])
        )
        return frame.assign(amount=frame["amount"].where(~hit, frame["amount"] * 0.5))

    once = '[[event]]\nname = "flood"\nnode = "North"\nperiods = ["2022-02", "2023-02"]\n'
    again = once.replace('"2023-02"]', '"2023-02", "2024-02"]')
    gone, comes = company(once, flooded), company(again, flooded)
    _holds_together(comes)

    def north(inputs):
        frame = inputs.forecast.frame
        there = (frame["period"] == "2024-02-01") & frame["node"].str.startswith("North")
        return frame.loc[there, "forecast"].sum()

    assert north(comes) / north(gone) == pytest.approx(0.5, abs=0.06)
    assert by_unit(gone)["South/Cy"] == pytest.approx(by_unit(comes)["South/Cy"], rel=1e-6)


def test_an_event_that_never_was_needs_an_effect(company):
    new = '[[event]]\nname = "fair"\nperiods = "2024-02"\n'
    with pytest.raises(DataError, match="nobody can learn"):
        company(new)
    plain, given = company(), company(new + "effect = 0.2\n")
    assert by_unit(given).sum() > 1.04 * by_unit(plain).sum()


def test_working_days_and_a_moving_holiday_are_heeded(company):
    from salesforecast.forecasting.calendar_effects import holiday_days, window_shares

    days = holiday_days("CN", "Chinese New Year", range(2018, 2026))
    share = pd.Series(window_shares(MONTHS, days, (0, 7, 0), 12)[:, 0], index=MONTHS)

    def festive(frame):
        return frame.assign(amount=frame["amount"] * np.exp(-0.6 * frame["date"].map(share)))

    sections = (
        '[calendar]\ncountry = "CN"\nworking_days = true\n[[holiday]]\nname = "Chinese New Year"\n'
    )
    plain, heeded = company("", festive), company(sections, festive)
    _holds_together(heeded)
    wave = [1 + 0.2 * np.sin(2 * np.pi * month / 12) for month in (1, 2, 3)]
    ahead = window_shares(pd.date_range("2024-01-01", periods=3, freq="MS"), days, (0, 7, 0), 12)
    truth = 6000 * np.array(wave) * np.exp(-0.6 * ahead[:, 0])

    def miss(inputs):
        got = inputs.forecast.frame.groupby("period")["forecast"].sum().iloc[:3]
        return float(np.abs(got.to_numpy() - truth).sum() / truth.sum())

    assert miss(heeded) < 0.6 * miss(plain)
    assert "Chinese New Year moves sales" in _told(heeded, "Chinese New Year")
    assert {"calendar", "time"} <= set(heeded.influences.steps["step"])


def test_an_outlier_and_a_shift_are_treated_and_can_be_left_as_they_are(company):
    def odd(frame):
        peak = (frame["person"] == "Ann") & (frame["date"] == "2023-05-01")
        lost = (frame["person"] == "Cy") & (frame["date"] >= "2023-01-01")
        factor = np.where(peak, 6.0, np.where(lost, 0.5, 1.0))
        return frame.assign(amount=frame["amount"] * factor)

    treatment = "[treatment]\noutliers = true\nshifts = true\n"
    inputs = company(treatment, odd)
    _holds_together(inputs)
    table = inputs.influences.treated
    assert set(table["kind"]) == {"outlier", "shift"}
    peak = table[table["kind"] == "outlier"].iloc[0]
    assert (peak["node"], f"{peak['period']:%Y-%m}") == ("North/Ann", "2023-05")
    assert peak["original"] / peak["treated"] == pytest.approx(6.0, rel=0.15)
    shift = table[table["kind"] == "shift"]
    assert shift["node"].unique().tolist() == ["South/Cy"]
    assert shift["period"].max() == pd.Timestamp("2022-12-01")
    assert (shift["treated"] / shift["original"]).round(6).nunique() == 1
    keeps = sorted(table["keep"].unique())
    undone = company(treatment + f"keep = {list(keeps)}\n".replace("'", '"'), odd)
    assert undone.influences.treated.empty
    assert np.allclose(by_unit(undone), by_unit(company("", odd)))


def test_exceptional_growth_is_damped_with_its_reason(company):
    def doubling(frame):
        years = frame["date"].dt.year - 2019
        mine = frame["person"] == "Bo"
        return frame.assign(amount=frame["amount"].where(~mine, frame["amount"] * 2.0**years))

    wild, damped = company("", doubling), company("[treatment]\ngrowth = true\n", doubling)
    _holds_together(damped)
    told = _told(damped, "exceptional growth")
    assert "North/Bo sold" in told and "keep" in told
    before = wild.leaves["history"]
    assert by_unit(damped)["North/Bo"] < by_unit(wild)["North/Bo"]
    assert by_unit(damped)["North/Bo"] > 0.9 * before["North/Bo"]
    assert by_unit(damped)["South/Cy"] == pytest.approx(by_unit(wild)["South/Cy"], rel=1e-6)


def test_a_replay_leaves_out_what_nobody_knew_then(company):
    from salesforecast.planning.scenario import Scenario
    from salesforecast.replay import hindcast

    sections = (
        DRIVERS
        + '[[event]]\nname = "flood"\nnode = "North"\nperiods = ["2022-02", "2023-02"]\n'
        + '[[opening]]\nnode = "South/Di"\nsince = "2024-02"\n'
        + "[treatment]\noutliers = true\nshifts = true\ngrowth = true\n"
    )

    def lately(frame):
        return _priced(frame[frame["date"] >= "2021-09-01"])

    inputs = company(sections, lately, {"prices.csv": _prices(10.0)})
    replayed = hindcast(inputs, Scenario(), draws=50)
    assert replayed is not None
    assert set(replayed.detail["node"]) == set(HOUSE.values())
