"""Tell people how a run ended: a message to a chat's webhook, or an e-mail, that reads well on a phone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from salesforecast.errors import Finding, SalesforecastError
from salesforecast.findings import said
from salesforecast.masking import Mask
from salesforecast.operations.jobfile import JobFile, Notice
from salesforecast.operations.ledger import headline
from salesforecast.operations.words import in_language
from salesforecast.worker import described

if TYPE_CHECKING:
    from smtplib import SMTP

_SECONDS = 15  # to reach a server
_ATTEMPTS = 2
_LONGEST = 3500  # bytes; WeCom takes 4096
_LINES = 3  # of warnings and changes

_OUTCOME = {
    "en": {"success": "done", "unchanged": "nothing new", "warning": "done, with warnings", "failure": "FAILED"},
    "zh": {"success": "已完成", "unchanged": "无新内容", "warning": "已完成，有警告", "failure": "失败"},
}  # fmt: skip
_WORDS = {
    "en": {"warnings": "Warnings", "changes": "Largest changes", "where": "Where", "fix": "What to do", "report": "Report"},
    "zh": {"warnings": "警告", "changes": "变化最大", "where": "位置", "fix": "怎么办", "report": "报告"},
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What there is to say about a run.

    Parameters
    ----------
    outcome
        One of `success`, `unchanged`, `warning`, `failure`.
    headline
        The sentence that matters: what to ask for, or what went wrong.
    warnings
        Findings; said in the language of each notice.
    changes
        Language to the largest changes, a line each.
    error
        What stopped the run.
    report
        Where the results are.
    """

    job: str
    outcome: str
    headline: str
    warnings: Sequence[Finding] = ()
    changes: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)
    error: SalesforecastError | None = None
    report: str = ""

    def title(self, language: str) -> str:
        """One line, for the list of messages on a phone."""
        return f"{self.job}: {_OUTCOME[language][self.outcome]}"

    def text(self, language: str) -> str:
        """A screen of a phone: plain lines, the sentence that matters first."""
        words, lines = _WORDS[language], [self.headline]
        if self.error:
            read = in_language(self.error, language)
            lines = [headline(described(read), language)]
            lines += [f"{words['where']}: {read.where}", f"{words['fix']}: {read.fix}"]
        warnings = [said(finding, language).what for finding in self.warnings]
        for name, listed in (("warnings", warnings), ("changes", self.changes.get(language, ()))):
            if listed:
                more = f" (+{len(listed) - _LINES})" if len(listed) > _LINES else ""
                lines += ["", f"{words[name]}{more}:", *(f"- {line}" for line in listed[:_LINES])]
        if self.report:
            lines += ["", f"{words['report']}: {self.report}"]
        return _cut("\n".join(line for line in lines))


def send(job: JobFile, told: Told, *, mask: Mask, log: Callable[[str], None]) -> list[str]:
    """Send every notice that asks for this outcome; return a line each, also of what failed.

    A notice that cannot be sent is logged, and that is all: a run never fails of it.
    """
    done = []
    for notice in job.notices:
        if told.outcome not in notice.on:
            continue
        try:
            _sent(notice, told, mask)
            line = f"notice by {notice.kind} ({notice.address}): sent"
        except Exception as error:  # noqa: BLE001 - whatever it is, the run stays what it is
            why = mask.text(f"{type(error).__name__}: {error}")[:300]
            line = f"notice by {notice.kind} ({notice.address}): NOT sent ({why})"
        log(line)
        done.append(line)
    return done


def _sent(notice: Notice, told: Told, mask: Mask) -> None:
    address = os.environ.get(notice.address, "")
    if not address:
        raise ValueError(f"the variable {notice.address} is not set")
    title = mask.text(told.title(notice.language))
    text = mask.text(told.text(notice.language))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            if notice.kind == "email":
                _mail(notice, address, title, text)
            else:
                _post(notice, address, title, text)
            return
        except OSError:  # no connection, no answer; a refusal in words is not tried again
            if attempt == _ATTEMPTS:
                raise
            time.sleep(1)


def payload(kind: str, title: str, text: str) -> dict[str, Any]:
    """The JSON that a chat's webhook takes."""
    if kind == "wecom":
        return {"msgtype": "markdown", "markdown": {"content": f"**{title}**\n{text}"}}
    if kind == "dingtalk":
        shown = f"**{title}**\n\n" + text.replace("\n", "\n\n")
        return {"msgtype": "markdown", "markdown": {"title": title, "text": shown}}
    return {"text": f"*{title}*\n{text}"}  # Slack, and what calls itself compatible


def _post(notice: Notice, address: str, title: str, text: str) -> None:
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class _Stay(HTTPRedirectHandler):
        """A webhook that sends elsewhere is no webhook: its key would travel along."""

        def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
            return None

    reach(notice, address)
    body = json.dumps(payload(notice.kind, title, text), ensure_ascii=False).encode()
    request = Request(
        _signed(notice, address), body, {"Content-Type": "application/json; charset=utf-8"}
    )
    with build_opener(_Stay).open(request, timeout=_SECONDS) as answer:
        said = answer.read(10_000).decode("utf-8", errors="replace")
    refused = _refusal(said)
    if refused:
        raise ValueError(refused)


def _signed(notice: Notice, address: str) -> str:
    """DingTalk's signature, where the robot asks for one: its secret is in `<address>_SECRET`."""
    secret = os.environ.get(f"{notice.address}_SECRET", "")
    if notice.kind != "dingtalk" or not secret:
        return address
    moment = str(round(time.time() * 1000))
    digest = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
    sign = quote_plus(base64.b64encode(digest))
    return f"{address}{'&' if '?' in address else '?'}timestamp={moment}&sign={sign}"


def _refusal(said: str) -> str:
    """Why WeCom or DingTalk refused: they answer 200 with a code in the text."""
    try:
        answer = json.loads(said)
    except ValueError:
        return ""
    if isinstance(answer, Mapping) and answer.get("errcode"):
        return f"{answer['errcode']}: {answer.get('errmsg', '')}"
    return ""


def reach(notice: Notice, address: str) -> None:
    """See that the address can be one, and that a mail server answers; nothing is sent.

    Raises
    ------
    ValueError, OSError, smtplib.SMTPException
        If it is none, the server does not answer, or it does not take the password.
    """
    if notice.kind == "email":
        with _server(address):
            return
    if urlsplit(address).scheme not in ("https", "http") or not urlsplit(address).hostname:
        raise ValueError("a webhook begins with https://")


def _mail(notice: Notice, address: str, title: str, text: str) -> None:
    message = EmailMessage()
    message["Subject"] = " ".join(title.split())
    message["From"], message["To"] = notice.sender, ", ".join(notice.to)
    message.set_content(text)
    with _server(address) as mail:
        refused = mail.send_message(message)
    if refused:
        raise ValueError(f"refused for {', '.join(map(quote, refused))}")


@contextmanager
def _server(address: str) -> Iterator[SMTP]:
    """The mail server, encrypted where it can be, with its user logged in."""
    import smtplib

    server = urlsplit(address)
    if server.scheme not in ("smtp", "smtps") or not server.hostname:
        raise ValueError("a mail server is written smtp://host:port or smtps://user:password@host")
    kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    with kind(server.hostname, server.port or 0, timeout=_SECONDS) as mail:
        if server.scheme == "smtp":
            mail.ehlo()
            if mail.has_extn("starttls"):
                mail.starttls()
            elif server.password and server.hostname not in ("localhost", "127.0.0.1", "::1"):
                raise ValueError("the mail server offers no encryption: no password is sent to it")
        if server.username:
            mail.login(unquote(server.username), unquote(server.password or ""))
        yield mail


def _cut(text: str) -> str:
    data = text.encode()
    return text if len(data) <= _LONGEST else data[:_LONGEST].decode(errors="ignore") + " …"
