"""Notices reach a real webhook and a real mail server on this machine; one that fails is only logged."""

import pytest

from salesforecast.errors import DataError
from salesforecast.findings import found
from salesforecast.masking import Mask
from salesforecast.operations.jobfile import JobFile, Notice
from salesforecast.operations.notices import Told, send
from tests.operations.servers import mail_server, webhook

ERROR = DataError("'North' fell by 60%.", where="2025-12", fix="correct the delivery.")
FAILED = Told("quarterly_allocation", "failure", ERROR.what, error=ERROR, report="outputs/latest")
WARNINGS = [found("late territories", "orders.csv", n=n) for n in (1, 2, 3, 4)]
DONE = Told("quarterly_allocation", "warning", "Q4: ask for 12,211.", WARNINGS, {"zh": ["North: +1,000（预测有变动）"]})  # fmt: skip


def _send(told, *notices):
    log = []
    lines = send(
        JobFile("quarterly_allocation", notices=notices), told, mask=Mask.of(), log=log.append
    )
    assert lines == log
    return lines


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "slack"])
def test_a_webhook_gets_what_it_understands(monkeypatch, kind):
    with webhook() as (address, got):
        monkeypatch.setenv("HOOK", address)
        assert _send(FAILED, Notice(kind, "HOOK")) == [f"notice by {kind} (HOOK): sent"]
    path, body = got[0]
    assert path == "/send?key=hunter22"
    text = {
        "wecom": lambda: body["markdown"]["content"],
        "dingtalk": lambda: body["markdown"]["text"],
        "slack": lambda: body["text"],
    }[kind]()
    assert "quarterly_allocation: FAILED" in text
    assert "What to do: correct the delivery." in text
    if kind != "slack":
        assert body["msgtype"] == "markdown"


def test_dingtalk_is_signed_where_it_asks_for_it(monkeypatch):
    with webhook() as (address, got):
        monkeypatch.setenv("HOOK", address)
        monkeypatch.setenv("HOOK_SECRET", "SECabc")
        _send(FAILED, Notice("dingtalk", "HOOK"))
    assert "&timestamp=" in got[0][0] and "&sign=" in got[0][0]


def test_an_email_reads_well_on_a_phone(monkeypatch):
    with mail_server() as (address, got):
        monkeypatch.setenv("MAIL", address)
        notice = Notice(
            "email", "MAIL", to=("ann@company.example", "bo@company.example"), language="zh"
        )
        assert _send(DONE, notice) == ["notice by email (MAIL): sent"]
    people, message = got[0]
    assert people == ["ann@company.example", "bo@company.example"]
    assert message["Subject"] == "quarterly_allocation: 已完成，有警告"
    text = message.get_content().replace("\r\n", "\n")
    assert text.startswith("Q4: ask for 12,211.")
    assert "警告 (+1):" in text and "- 3 个地区开设较晚" in text and "4 个" not in text
    assert "变化最大:\n- North: +1,000" in text
    assert max(map(len, text.splitlines())) < 80


def test_only_the_outcomes_that_were_asked_for_are_told(monkeypatch):
    with webhook() as (address, got):
        monkeypatch.setenv("HOOK", address)
        assert _send(DONE, Notice("slack", "HOOK", on=("failure",))) == []
    assert got == []


@pytest.mark.parametrize(
    ("kind", "server", "words"),
    [
        (
            "wecom",
            {"answer": b'{"errcode":93000,"errmsg":"invalid webhook url"}'},
            "93000: invalid webhook",
        ),
        ("slack", {"status": 500}, "HTTP Error 500"),
        ("slack", {"status": 302, "location": "http://127.0.0.1:9/other"}, "HTTP Error 302"),
    ],
    ids=["refused in words", "broken", "sends elsewhere"],
)
def test_a_refusal_is_logged_without_the_key(monkeypatch, kind, server, words):
    with webhook(**server) as (address, _):
        monkeypatch.setenv("HOOK", address)
        monkeypatch.setattr("time.sleep", lambda _: None)
        (line,) = _send(FAILED, Notice(kind, "HOOK"))
    assert "NOT sent" in line and words in line
    assert "hunter22" not in line


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "HOOK is not set"),
        ("file:///etc/passwd", "begins with https://"),
        ("http://127.0.0.1:1/x?key=hunter22", "refused"),
    ],
)
def test_an_address_that_leads_nowhere_is_logged(monkeypatch, address, words):
    monkeypatch.setenv("HOOK", address)
    monkeypatch.setattr("time.sleep", lambda _: None)
    (line,) = _send(FAILED, Notice("slack", "HOOK"))
    assert "NOT sent" in line and words in line.lower().replace("hook is", "HOOK is")
    assert "hunter22" not in line


def test_a_long_message_is_cut_to_what_chats_take():
    told = Told("job", "warning", "词" * 5000)
    assert len(told.text("zh").encode()) <= 3600
