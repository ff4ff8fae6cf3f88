"""Tables in HTML: every cell is escaped unless it is already marked as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


class Html(str):
    """Text that is HTML already: made by our own functions, data in it escaped."""

    __slots__ = ()


@dataclass(frozen=True)
class Cell:
    """One cell: its text or `Html`, and its classes (`n` puts it right)."""

    content: str
    css: str = ""


def safe(text: object) -> Html:
    """`text` as HTML: escaped, unless it is `Html` already."""
    return text if isinstance(text, Html) else Html(escape(str(text)))


def row(cells: Iterable[Cell], *, css: str = "", tag: str = "td") -> Html:
    """One table row."""
    return Html(f"<tr{_css(css)}>{''.join(_cell(c, tag) for c in cells)}</tr>")


def table(head: Sequence[Cell], rows: Iterable[Html], *, css: str = "") -> Html:
    """A table whose head repeats on every printed page."""
    top = row(head, tag="th")
    return Html(f"<table{_css(css)}><thead>{top}</thead><tbody>{''.join(rows)}</tbody></table>")


def section(title: Html, body: Iterable[str], *, css: str = "") -> Html:
    """A heading and what belongs to it."""
    return Html(f"<section{_css(css)}><h2>{title}</h2>{''.join(body)}</section>")


def paragraph(text: str, css: str = "") -> Html:
    """A paragraph; none for an empty text."""
    return Html(f"<p{_css(css)}>{safe(text)}</p>" if text else "")


def _cell(cell: Cell, tag: str) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return f"<{tag}{scope}{_css(cell.css)}>{safe(cell.content)}</{tag}>"


def _css(css: str) -> str:
    return f' class="{css}"' if css else ""
