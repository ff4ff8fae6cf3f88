"""The planner's app in a real browser: links, walks, and nothing asked of another machine."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests import browser, walks

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not browser.chromium(), reason=browser.MISSING),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with browser.start_app(tmp_path_factory.mktemp("app"), "Ann Lee", "Bo Chen") as started:
        yield started


@pytest.fixture(scope="module")
def desk(app, tmp_path_factory):
    screens = []
    with browser.open_browser() as chrome:

        def fresh(who):
            browser.needs_grid()
            context = chrome.new_context(viewport=browser.WINDOW, accept_downloads=True)
            screens.append(walks.Screen(context.new_page()))
            screens[-1].page.goto(app.links[who])
            return screens[-1]

        yield walks.Desk(fresh, app.store, tmp_path_factory.mktemp("files"), thrifty=True)
        assert [url for screen in screens for url in screen.outside] == []
        assert [error for screen in screens for error in screen.broken] == []


@pytest.mark.parametrize("name", walks.WALKS)
def test_a_planner_can(name, desk):
    walks.WALKS[name](desk)


def _status(address, **headers):
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_without_a_link_nothing_is_shown(app, desk):
    base = app.links["Ann Lee"].split("?")[0]
    for address in (base, f"{base}?token=wrong", f"{base}voila/render/plan_targets.ipynb"):
        assert _status(address) == 403, address
    assert _status(f"{base}api/kernels") in (403, 404)
    assert _status(f"{base}voila/files/plan_targets.ipynb") in (403, 404)


def test_a_kernel_answers_only_to_its_planner(app, desk):
    ann = desk.open("Ann Lee")
    kernel = re.search(r"/api/kernels/([\w-]+)/channels", " ".join(ann.sockets))[1]
    base = app.links["Ann Lee"].split("?")[0]
    hers, his = (
        f"{base}api/kernels/{kernel}?{app.links[name].split('?')[1]}"
        for name in ("Ann Lee", "Bo Chen")
    )
    assert _status(hers) == 200
    assert _status(his) == 403
    assert _status(f"{base}api/kernels/{kernel}") == 403


def test_a_withdrawn_link_opens_nothing_more(app, desk):
    path = app.outputs / "app" / "links.toml"
    kept = path.read_text("utf-8")
    try:
        path.write_text(
            "\n".join(line for line in kept.splitlines() if "Bo Chen" not in line), "utf-8"
        )
        assert _status(app.links["Bo Chen"]) == 403
    finally:
        path.write_text(kept, "utf-8")


def test_refused_data_are_told_on_the_page(tmp_path):
    (tmp_path / "orders.csv").write_text("date,amount,region\n2024-01-01,abc,North\n", "utf-8")
    organisation = tmp_path / "organisation.toml"
    organisation.write_text(
        'name = "Bad"\nlevels = ["region"]\n[measure]\nname = "revenue"\nunit = "EUR"\n'
        '[[source]]\npath = "orders.csv"\n[source.columns]\ndate = "date"\namount = "amount"\n'
        'territory = ["region"]\n',
        "utf-8",
    )
    options = ("--organisation", str(organisation))
    with (
        browser.start_app(tmp_path, "Ann Lee", warm=0, options=options) as app,
        browser.open_page() as page,
    ):
        page.goto(app.links["Ann Lee"])
        told = page.locator(".sf-stopped")
        told.wait_for(timeout=60_000)
        assert "orders.csv" in told.inner_text() and "'abc'" in told.inner_text()
        assert "Traceback" not in page.content()


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "salesforecast", "app", "--no-browser", "--port", port]
        command += ["--warm", "0"]
        done = subprocess.run(
            [*command, "--outputs", str(tmp_path)], capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 5, done.stderr
    assert port in done.stderr and "--port" in done.stderr


def test_work_outlives_its_page_counts_as_chosen_and_is_approved_by_another(app, desk):
    ann = desk.open("Ann Lee", fresh=True)
    ann.at("unit").select_option(label="million USD")
    status = ann.page.locator(".sf-status b")
    walks.seen(lambda: status.inner_text().endswith("million USD"), "the unit did not follow")
    ann.type("total", "12.5")
    walks.seen(lambda: status.inner_text() == "12.500 million USD", "the unit is not the page's")
    drafts = app.outputs / "drafts"
    walks.seen(lambda: list(drafts.glob("*.toml")), "nothing is kept of unsaved work")
    ann.page.close(run_before_unload=False)
    back = walks.Screen(ann.page.context.new_page())
    back.page.goto(app.links["Ann Lee"])
    back.wait()
    status = back.page.locator(".sf-status b")
    walks.seen(lambda: status.inner_text().endswith("million USD"), "the browser forgot the unit")
    back.button("Continue with it").click()
    walks.seen(lambda: status.inner_text() == "12.500 million USD", "the work was not taken up")
    back.save("agreed on Monday")
    back.told("Saved as v")
    number = desk.newest()[0].number
    back.button("Submit").click()
    back.told(f"v{number} is submitted")
    bo = desk.open("Bo Chen", fresh=True)
    bo.button("Send back…").click()
    bo.page.locator(".sf-sheet:visible input").first.fill("Germany is too high")
    bo.page.locator(".sf-sheet:visible input").first.press("Enter")
    back.told(f"v{number} was sent back by Bo Chen")
    back.button("Submit").click()
    back.told(f"v{number} is submitted")
    walks.seen(lambda: bo.button("Approve…").is_visible(), "Bo does not see it come back")
    bo.button("Approve…").click()
    bo.page.locator(".sf-sheet:visible button").filter(has_text="Approve").first.click()
    back.told(f"v{number} was approved by Bo Chen")
    assert desk.newest()[0].status == "approved"
    assert not back.outside and not back.broken
