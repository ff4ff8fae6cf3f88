"""The review's page in a real browser: it fits, asks for nothing, and prints on one A4 sheet."""

import re

import pandas as pd
import pytest

from salesforecast import desk, review, workbench
from salesforecast.planning.scenario import Scenario
from salesforecast.reporting.review_page import write_review_page
from tests.browser import MISSING, chromium, open_page

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not chromium(), reason=MISSING)]


def test_the_page_of_a_year_fits_screen_and_paper(tiny_company, tmp_path):
    inputs = desk.open_year(tiny_company, first=pd.Timestamp("2025-01-01"), draws=60)
    plan = workbench.build_plan(inputs, Scenario(stretch=0.05))
    found = review.review(inputs, plan, as_of=pd.Timestamp("2025-08-31"), draws=60)
    meeting = review.meeting_of(found, inputs, plan="2025, version 1")
    with open_page() as page:
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        for language in ("en", "zh"):
            path = write_review_page(meeting, tmp_path / f"{language}.html", language)
            page.goto(path.as_uri())
            for width in (1400, 1000, 390):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            sheets = page.pdf(prefer_css_page_size=True)
            assert len(re.findall(rb"/Type\s*/Page[^s]", sheets)) == 1
        assert len(asked) == 2 and not complaints
