"""The organisation file: what is wrong is named with its line, comments survive a change."""

from dataclasses import replace
from pathlib import Path

import pytest

from salesforecast.errors import OrganisationError
from salesforecast.history.organisation import Organisation

SAMPLE = Path(__file__).parents[2] / "data" / "adventureworks" / "organisation.toml"
MINIMAL = """\
name = "Tiny"
levels = ["region"]

[[source]]
path = "orders.csv"
[source.columns]
date = "day"
amount = "sales"
territory = "region"
"""


def _read(tmp_path, text):
    path = tmp_path / "organisation.toml"
    path.write_text(text, encoding="utf-8")
    return Organisation.read(path)


def test_the_sample_says_what_it_means():
    organisation = Organisation.read(SAMPLE)
    assert organisation.tree_levels == ("company", "group", "country", "territory", "position")
    assert [source.shift_days for source in organisation.sources] == [-3, 0]
    assert organisation.calendar.year_starts == 12
    assert (organisation.measure.unit, organisation.measure.divisor) == ("USD", 1000)
    assert organisation.territories.none == ("11",)


def test_the_least_file_is_enough(tmp_path):
    organisation = _read(tmp_path, MINIMAL)
    assert organisation.tree_levels == ("company", "region")
    assert organisation.sources[0].columns.territory == ("region",)
    assert organisation.freq == "M"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('levels = ["region"]', 'level = ["region"]', 2, "did you mean 'levels'"),
        ('amount = "sales"', 'amuont = "sales"', 8, "did you mean 'amount'"),
        ('path = "orders.csv"', 'path = 3', 5, "is a text in quotes"),
        ('path = "orders.csv"', 'path = "o.csv"\nshift_day = 1', 6, "did you mean 'shift_days'"),
        ('name = "Tiny"', 'name = "Tiny"\ncalendar = { year_starts = 13 }', 2, "1 to 12"),
        ('path = "orders.csv"', 'path = "o.csv"\ndecimal = "·"', 6, 'decimal is'),
        ('amount = "sales"\n', "", 4, "add a line: amount"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path, old, new, line, words):
    with pytest.raises(OrganisationError) as caught:
        _read(tmp_path, MINIMAL.replace(old, new))
    assert words in str(caught.value)
    assert caught.value.where.startswith(f"organisation.toml, line {line}")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('levels = ["region"]', 'levels = ["region", "city"]', "2 are needed"),
        ('levels = ["region"]', "levels = []", "no level"),
        ('name = "Tiny"', "name = Tiny", "not valid TOML"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(tmp_path, old, new, words):
    with pytest.raises(OrganisationError, match=words):
        _read(tmp_path, MINIMAL.replace(old, new))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OrganisationError, match="no organisation file"):
        Organisation.read(tmp_path / "nothing.toml")


def test_a_new_file_reads_back_equal(tmp_path):
    organisation = Organisation.read(SAMPLE)
    organisation.write(tmp_path / "organisation.toml")
    back = Organisation.read(tmp_path / "organisation.toml")
    for path in [source.path for source in back.sources]:
        assert (tmp_path / path).exists()
    names = [Path(source.path).name for source in back.sources]
    assert names == [source.path for source in organisation.sources]
    same = replace(organisation, folder=back.folder, sources=(), products=(), quota=None,
                   people=None, assignments=None, territories=None)  # fmt: skip
    assert same == replace(back, sources=(), products=(), quota=None,
                           people=None, assignments=None, territories=None)  # fmt: skip


def test_writing_without_a_change_changes_nothing(tmp_path):
    path = tmp_path / "organisation.toml"
    path.write_text(SAMPLE.read_text("utf-8"), encoding="utf-8")
    Organisation.read(path).write(path)
    assert path.read_text("utf-8") == SAMPLE.read_text("utf-8")


def test_a_change_keeps_the_comments(tmp_path):
    path = tmp_path / "organisation.toml"
    path.write_text(SAMPLE.read_text("utf-8"), encoding="utf-8")
    organisation = Organisation.read(path)
    changed = replace(organisation, measure=replace(organisation.measure, divisor=10))
    changed.write(path)
    assert Organisation.read(path) == changed
    before, after = SAMPLE.read_text("utf-8").splitlines(), path.read_text("utf-8").splitlines()
    different = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [(a.split("#")[0].split(), b.split("#")[0].split()) for a, b in different] == [
        (["divisor", "=", "1000"], ["divisor", "=", "10"])
    ]
    assert "how many USD" in different[0][1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("multiplier = 3%", "without a per cent sign: 0.03 is 3 %"),
        ("multiplier = 2.5 %  # of it", "without a per cent sign: 0.025"),
        ("multiplier = 10,000", "without separators: 10000"),
        ("multiplier = many", "texts stand in quotes"),
    ],
)
def test_usual_slips_in_toml_are_named(tmp_path, line, words):
    text = MINIMAL.replace('path = "orders.csv"', f'path = "orders.csv"\n{line}')
    with pytest.raises(OrganisationError) as caught:
        _read(tmp_path, text)
    assert words in caught.value.fix
