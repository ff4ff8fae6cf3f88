"""What SECURITY.md says is so: every malicious input is refused or comes out as plain text."""

import re
from pathlib import Path

import pytest

from tests.attacks import ATTACKS

ROOT = Path(__file__).parents[1]


def test_there_are_fifty():
    assert len(ATTACKS) >= 50


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("attacks")


@pytest.mark.parametrize("name", ATTACKS, ids=lambda name: re.sub(r"[^\w ]", "_", name)[:40])
def test_an_attack_is_refused_or_neutralised(place, name):
    folder = place / str(list(ATTACKS).index(name))
    folder.mkdir()
    assert ATTACKS[name](folder)


def test_every_line_of_the_threat_model_has_a_test_that_is_there():
    page = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) >= 10
    for file, test in named:
        assert f"def {test}" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"
