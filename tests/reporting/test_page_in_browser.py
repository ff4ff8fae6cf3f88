"""The page in a real browser: it fits, asks the network for nothing, and prints on A4."""

import re
from pathlib import Path

import pytest

from salesforecast.reporting.page import write_page
from tests.browser import MISSING, chromium, open_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not chromium(), reason=MISSING),
]


@pytest.fixture(scope="module", params=["en", "zh"])
def opened(request, report, tmp_path_factory):
    """The page in Chromium, with every address that it asked for and every complaint."""
    path = write_page(report, tmp_path_factory.mktemp("page") / "report.html", request.param)
    with open_page() as page:
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(path.as_uri())
        yield page, asked, complaints, path


def test_only_the_file_itself_is_read_and_nothing_is_refused(opened):
    _, asked, complaints, path = opened
    assert asked == [path.as_uri()]
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 860, 390])
def test_nothing_sticks_out_to_the_right(opened, width):
    page = opened[0]
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_targets_read_back_from_the_screen(opened, report):
    page = opened[0]
    shown = page.locator("table.who td.tg").all_inner_texts()
    assert int(shown[0].replace(",", "")) * 1000 == report.company["target"]
    months = page.locator("table.who tr.l0 td.q").all_inner_texts()[:3]
    assert [int(m.replace(",", "")) * 1000 for m in months] == list(report.plan.months.iloc[0])


def test_it_prints_on_a4_in_a_few_pages(opened, tmp_path):
    printed = Path(tmp_path / "report.pdf")
    opened[0].pdf(path=str(printed), prefer_css_page_size=True)
    raw = printed.read_bytes()
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", raw)
    sizes = {(round(float(w)), round(float(h))) for w, h in boxes}
    assert sizes <= {(595, 842), (594, 842), (595, 841), (596, 842)}
    assert 1 <= len(boxes) <= 4
