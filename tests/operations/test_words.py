"""What commands of runs say: the same keys and figures in both languages, none without use."""

import re
import string
from pathlib import Path

from salesforecast import operations
from salesforecast.errors import DataError, EngineError, Finding
from salesforecast.findings import found
from salesforecast.operations.words import (
    CHINESE,
    ENGLISH,
    in_language,
    language_of,
    message,
    say,
    stage,
)


def _blanks(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_every_key_with_the_same_figures():
    assert ENGLISH.keys() == CHINESE.keys()
    for key, english in ENGLISH.items():
        assert _blanks(CHINESE[key]) == _blanks(english), key


def test_every_key_is_used():
    folder = Path(operations.__file__).parent
    text = "".join(path.read_text("utf-8") for path in folder.glob("*.py") if path.stem != "words")
    own = (folder / "words.py").read_text("utf-8").partition("_LANGUAGES")[2]
    made = ("stage ", "on ")  # put together from a stage's or an outcome's name
    severities = ("error", "warning", "note", "repair", "fix", "latest", "good", "failed")
    causes = ("data", "wishes", "organisation", "software")
    known = {*severities, *causes, "started", "finished"}
    said = (text + own).replace("'", '"')
    unused = [key for key in ENGLISH if f'"{key}"' not in said and key not in known]
    assert [key for key in unused if not key.startswith(made)] == []


def test_refused_data_are_told_by_their_findings():
    lost = found("gate lost", "2026-01", severity="error", lost=5, old=10)
    one = DataError("lost.", where="x", fix="mend\n  kept: runs/failed/1", findings=[lost])
    said = message(one, "zh")
    assert said.splitlines()[0] == "错误：上次运行的 10 行订单中有 5 行消失。"
    assert "已保留于：runs/failed/1" in said
    two = DataError(
        "two.", where="x", fix="mend", findings=[lost, Finding("error", "odd", "y", "z")]
    )
    assert in_language(two, "zh").what == "数据有 2 类错误。"
    assert in_language(two, "zh").where == "见下"
    assert message(two, "zh").count("\n  - ") == 2
    assert in_language(two, "en") is two
    other = EngineError("the kernel died.", where="x", fix="again")
    assert in_language(other, "zh") is other
    assert re.match("错误：the kernel died", message(other, "zh"))


def test_what_is_not_known_stays_as_it_is():
    assert stage("notice by slack (X): sent", "zh") == "notice by slack (X): sent"
    assert stage("forecast", "zh") == "预测"
    assert language_of({"language": "de"}) == "en"
    assert say("seconds", "de", n=3) == "3 s"
