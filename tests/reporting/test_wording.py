"""Every sentence exists in both languages, and numbers follow the rules of each."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.errors import ParameterError
from salesforecast.reporting import words_en, words_zh
from salesforecast.reporting.wording import Wording


def test_the_catalogues_have_the_same_sentences_with_the_same_blanks():
    assert words_en.WORDS.keys() == words_zh.WORDS.keys()
    for key, english in words_en.WORDS.items():
        blanks = {name for _, name, _, _ in string.Formatter().parse(english) if name}
        chinese = {name for _, name, _, _ in string.Formatter().parse(words_zh.WORDS[key]) if name}
        assert chinese <= blanks, key
        assert all(text.strip() for text in (english, words_zh.WORDS[key])), key


def test_chinese_is_chinese():
    latin_only = [
        key
        for key, text in words_zh.WORDS.items()
        if not any("\u4e00" <= c <= "\u9fff" for c in text)
        and any(c.isalpha() for c in _bare(text))
    ]
    assert latin_only == []


def test_every_criterion_is_named_in_both_languages():
    english = {key for key in words_en.NAMES if key.startswith("criterion ")}
    assert english == {key for key in words_zh.NAMES if key.startswith("criterion ")}


@pytest.mark.parametrize(
    ("language", "percent", "points", "change", "amount"),
    [("en", "40\u00a0%", "+9.2", "−1,235", "7,350"), ("zh", "40%", "+9.2", "−1,235", "7,350")],
)
def test_numbers_by_hand(language, percent, points, change, amount):
    words = Wording(language, 1000)
    assert words.percent(0.4) == percent
    assert words.points(0.0921) == points
    assert words.change(-1_234_600) == change
    assert words.amount(7_350_000) == amount


def test_zero_has_no_sign_and_what_is_missing_is_a_dash():
    words = Wording("en", 1000)
    assert words.points(-0.0001) == words.points(0.0) == "0.0"
    assert words.change(0) == "0"
    assert words.change(20) == words.amount(-4) == "0"
    assert [words.amount(v) for v in (60, -3_140, 3_000, 11_400)] == ["0.1", "−3", "3", "11"]
    assert (
        words.amount(float("nan"))
        == words.points(float("nan"))
        == words.percent(float("nan"))
        == "–"
    )


def test_a_chance_is_0_or_100_only_when_certain():
    words = Wording("zh")
    assert [words.chance(c) for c in (0.0, 0.001, 0.5, 0.9999, 1.0)] == [
        "0%",
        "1%",
        "50%",
        "99%",
        "100%",
    ]
    assert words.in_100(0.453) == "45"


@given(st.floats(-1e12, 1e12))
def test_no_number_shows_a_hyphen_or_a_signed_zero(value):
    for language in ("en", "zh"):
        words = Wording(language, 1000)
        for text in (words.amount(value), words.change(value), words.points(value / 1e12)):
            assert "-" not in text
            if not any(c in text for c in "123456789"):
                assert text[0] == "0"


def test_periods_and_units_in_chinese():
    import pandas as pd

    words = Wording("zh", 10_000)
    assert words.quarter("Q4 FY2013") == "2013财年第4季度"
    assert words.quarter("Q1 2026") == "2026年第1季度"
    months = pd.DatetimeIndex(["2013-12-01", "2014-01-01", "2014-02-01"])
    assert words.span("December 2013 to February 2014", months) == "2013年12月至2014年2月"
    assert words.unit("CNY", "万元") == "万元"
    assert words.unit("visits", "visits") == "visits"
    assert words.date("2013-08") == "2013年8月"


def test_a_limit_of_a_unit_above_keeps_the_units_name():
    assert Wording("zh").name("limit", "ceiling above: Southwest") == "上级上限：Southwest"
    assert Wording("en").name("limit", "ceiling above: Southwest") == "ceiling above: Southwest"


def test_html_escapes_values_and_keeps_our_own_bold():
    said = Wording("en").html("lead_reach", chance="<i>45</i>")
    assert (
        said == "The company reaches it in <b>&lt;i&gt;45&lt;/i&gt; of 100</b> simulated quarters."
    )


def test_an_unknown_language_is_refused():
    with pytest.raises(ParameterError, match="no language 'xx'"):
        Wording("xx")


def _bare(text: str) -> str:
    return "".join(literal for literal, _, _, _ in string.Formatter().parse(text))
