"""The page of the monthly review: the target-management table, warnings, pace, and pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pandas as pd

from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.hierarchy import ROOT
from salesforecast.planning.indicators import ManagementTable
from salesforecast.planning.track import ABOVE, BELOW, EQUAL, NO_DATA, Tracking, state_of
from salesforecast.planning.warn import Warnings
from salesforecast.reporting import review_charts as charts
from salesforecast.reporting.report import folded, is_house
from salesforecast.reporting.review_style import CSS
from salesforecast.reporting.review_words import ReviewWording

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_CLASS = {ABOVE: "up", EQUAL: "eq", BELOW: "dn", NO_DATA: "nd"}
_SHOWN_WARNINGS, _MOST_LEAVES = 6, 40


@dataclass(frozen=True)
class Meeting:
    """What the page shows.

    Parameters
    ----------
    organisation, plan
        Names: of the company, and of the plan with its version.
    tracking
        How every unit stands.
    endangered
        On node: units whose chance is below `least_chance`, the largest lack first.
    quantities
        Product × open month, in pieces; may be empty.
    indicators
        Further rows of the table (shares, complaints); may be missing.
    record
        What such warnings were worth in past years; None where too few years are known.
    unit, unit_words, divisor
        Of the measure, and how amounts are shown.
    calendar
        Which days the months are made of.
    """

    organisation: str
    plan: str
    tracking: Tracking
    endangered: pd.DataFrame
    quantities: pd.DataFrame
    unit: str
    unit_words: str
    divisor: int = 1
    least_chance: float = 0.5
    indicators: ManagementTable | None = None
    record: Warnings | None = None
    calendar: FiscalCalendar = PLAIN
    shown: pd.DataFrame = field(init=False, compare=False)

    def __post_init__(self) -> None:
        units = self.tracking.units
        top = folded(units)
        if len(top) == 1:  # a company of places without people: its places are the rows
            top = units.head(_MOST_LEAVES)
        object.__setattr__(self, "shown", top)

    @property
    def warned(self) -> pd.DataFrame:
        """Endangered rows of the table that have no endangered row below them."""
        rows = self.endangered[self.endangered.index.isin(self.shown.index)]
        rows = rows[rows.index != ROOT]
        above = {node for node in rows.index if any(o.startswith(f"{node}/") for o in rows.index)}
        return rows[~rows.index.isin(above)]


@dataclass(frozen=True)
class Shown:
    """A part of the page, as a notebook shows it."""

    html: str

    def _repr_html_(self) -> str:
        return f'<style>{CSS}</style><div class="review">{self.html}</div>'


def write_review_page(meeting: Meeting, path: Path, language: str = "en") -> Path:
    """Write the meeting's page as one self-contained HTML file; return its path."""
    path = Path(path)
    path.write_text(review_page(meeting, language), encoding="utf-8", newline="\n")
    return path


def review_page(meeting: Meeting, language: str = "en") -> str:
    """The page as one HTML document: no script, no network, prints on A4 across."""
    words = ReviewWording(language, meeting.divisor, calendar=meeting.calendar)
    day = words.date(meeting.tracking.as_of)
    unit = words.unit(meeting.unit, meeting.unit_words)
    said = {"organisation": meeting.organisation, "plan": meeting.plan, "day": day}
    head = words.html("head" if unit else "head_no_unit", **said, unit=unit)
    body = [
        f"<header>{head}</header>",
        f"<h1>{escape(headline(meeting, words))}</h1>",
        f'<p class="lead">{lead(meeting, words)}</p>',
        table(meeting, words),
        f'<div class="three"><section><h2>{words.html("gap")}</h2>{pace(meeting, words)}</section>'
        f"<section><h2>{words.html('warnings')}</h2>{warnings(meeting, words)}</section>"
        f"<section>{ranking(meeting, words)}</section></div>",
        quantities(meeting, words),
    ]
    tongue = "zh-CN" if language == "zh" else language
    title = escape(words.say("title", plan=meeting.plan, day=day))
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f'<style>{CSS}</style></head><body><main class="review">{"".join(body)}</main></body></html>\n'
    )


def shown_table(meeting: Meeting, language: str = "en") -> Shown:
    """The table alone, for a notebook."""
    words = ReviewWording(language, meeting.divisor, calendar=meeting.calendar)
    top = f"<h1>{escape(headline(meeting, words))}</h1><p class='lead'>{lead(meeting, words)}</p>"
    return Shown(top + table(meeting, words))


def shown_charts(meeting: Meeting, language: str = "en") -> Shown:
    """Gap, warnings and ranking side by side, for a notebook."""
    words = ReviewWording(language, meeting.divisor, calendar=meeting.calendar)
    return Shown(
        f'<div class="three"><section><h2>{words.html("gap")}</h2>{pace(meeting, words)}</section>'
        f"<section><h2>{words.html('warnings')}</h2>{warnings(meeting, words)}</section>"
        f"<section>{ranking(meeting, words)}</section></div>"
    )


def headline(meeting: Meeting, words: ReviewWording) -> str:
    """How the company stands and where it lands, in one sentence or two."""
    top = meeting.tracking.units.loc[ROOT]
    actual, target = words.amount(top["actual"]), words.amount(top["target"])
    percent = words.percent(top["attainment"], 1)
    rows = meeting.tracking.periods[meeting.tracking.periods["node"] == ROOT]
    if rows["closed"].all():
        return words.say("headline_over", actual=actual, percent=percent, target=target)
    away = float(top["landing"] - top["target"])
    amount = words.amount(abs(away))
    side = words.say("on_target") if amount == "0" else words.say(
        "ahead_by" if away > 0 else "short_by", amount=amount
    )  # fmt: skip
    return words.say(
        "headline", day=words.date(meeting.tracking.as_of), actual=actual, percent=percent,
        landing=words.amount(top["landing"]), side=side,
    )  # fmt: skip


def lead(meeting: Meeting, words: ReviewWording) -> str:
    """Chance, how many units are above and below, how many warnings."""
    top, out = meeting.tracking.units.loc[ROOT], []
    if not pd.isna(top["chance"]):
        chance = words.in_100(float(top["chance"]))
        out.append(words.html("lead_chance", target=words.amount(top["target"]), chance=chance))
    deepest = _deepest(meeting)
    states = meeting.tracking.units.loc[deepest, "state"]
    counts = {state: int((states == state).sum()) for state in (ABOVE, EQUAL, BELOW)}
    out.append(words.html("lead_units", count=len(deepest), **counts))
    warned = len(meeting.warned)
    key = "lead_warned" if warned > 1 else f"lead_warned_{warned}"
    out.append(words.html(key, count=warned))
    return _space(words).join(out)


def _space(words: ReviewWording) -> str:
    """What stands between two sentences."""
    return "" if words.language == "zh" else " "


def _deepest(meeting: Meeting) -> list[str]:
    """Shown rows that have no shown row below them."""
    nodes = list(meeting.shown.index)
    rest = [node for node in nodes if node != ROOT]
    return [n for n in rest if not any(o.startswith(f"{n}/") for o in rest)] or nodes


def table(meeting: Meeting, words: ReviewWording) -> str:
    """Units by month: figure, sign and colour, then landing with its range, and the chance."""
    cells = meeting.tracking.periods
    months = list(dict.fromkeys(cells["period"]))
    by_node = {str(node): part.set_index("period") for node, part in cells.groupby("node")}
    reach = charts.reach_of(meeting.tracking.units.loc[meeting.shown.index])
    heads = [f"<th>{words.html('unit')}</th>", f'<th class="n">{words.html("target")}</th>']
    heads += [f'<th class="n">{words.month(month)}</th>' for month in months]
    heads += [f'<th class="n">{words.html(key)}</th>' for key in ("so_far", "attained", "landing")]
    heads.append(f"<th>{words.html('range', reach=f'{100 * reach:.0f}')}</th>")
    heads.append(f'<th class="n">{words.html("chance")}</th>')
    warned = set(meeting.warned.index)
    rows = [
        _row(str(node), shown, meeting, by_node[str(node)], words, warned=warned, reach=reach)
        for node, shown in meeting.shown.iterrows()
    ]
    rows += _indicator_rows(meeting, months, words)
    keys = "".join(
        f'<span class="{_CLASS[state]}">{charts.sign(state, words)} {words.html(f"key_{state}")}</span>'
        for state in (ABOVE, EQUAL, BELOW)
    )
    return (
        f'<div class="scroll"><table class="t"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="key">{keys}<span>{words.html("key_rest")}</span></p>'
    )


def _row(
    node: str,
    shown: pd.Series,
    meeting: Meeting,
    months: pd.DataFrame,
    words: ReviewWording,
    *,
    warned: set[str],
    reach: float,
) -> str:
    unit = meeting.tracking.units.loc[node]
    mark = charts.flag(words) if node in warned else ""
    depth = int(shown["depth"])
    label = escape(words.name("label", str(shown["label"])))
    cells = [f'<td style="padding-left:{5 + 11 * depth}px">{label}{mark}</td>']
    cells.append(f'<td class="n tg">{words.amount(unit["target"])}</td>')
    states = state_of(months["attainment"].where(months["closed"]))
    for month, one in months.iterrows():
        state = str(states[month])
        if not one["closed"]:
            cells.append(f'<td class="m nd"><small>{words.amount(one["target"])}</small></td>')
            continue
        share = "" if pd.isna(one["attainment"]) else f"{100 * one['attainment']:.0f}"
        cells.append(
            f'<td class="m {_CLASS[state]}">{words.amount(one["actual"])}'
            f"<small>{charts.sign(state, words)}{share}</small></td>"
        )
    state = str(unit["state"])
    cells.append(f'<td class="n">{words.amount(unit["actual"])}</td>')
    cells.append(
        f'<td class="m {_CLASS[state]}"><b>{charts.sign(state, words)} '
        f"{words.percent(unit['attainment'], 1)}</b></td>"
    )
    cells.append(f'<td class="n">{words.amount(unit["landing"])}</td>')
    cells.append(f"<td>{charts.landing_bar(unit, reach)}</td>")
    low = " low" if unit["chance"] < 0.25 else ""
    cells.append(f'<td class="n{low}">{words.chance(unit["chance"])}</td>')
    return f'<tr class="l{min(depth, 2)}">{"".join(cells)}</tr>'


def _indicator_rows(
    meeting: Meeting, months: list[pd.Timestamp], words: ReviewWording
) -> list[str]:
    found = meeting.indicators
    if found is None or not len(found.values):
        return []
    wide = len(months) + 7
    rows = [f'<tr class="ih"><td colspan="{wide}">{words.html("indicators")}</td></tr>']
    for name in found.values.index:
        values, states = found.values.loc[name], found.states.loc[name]
        text = {
            key: _figure(values[key], str(values["unit"])) for key in [*months, "target", "to_date"]
        }
        cells = [f"<td>{escape(str(name))}</td>", f'<td class="n tg">{text["target"]}</td>']
        for month in months:
            state = str(states[month])
            cells.append(
                f'<td class="m {_CLASS[state]}">{text[month]}<small>{charts.sign(state, words)}</small></td>'
            )
        state = str(states["to_date"])
        cells.append(f'<td class="n">{text["to_date"]}</td>')
        cells.append(f'<td class="m {_CLASS[state]}">{charts.sign(state, words)}</td>')
        rows.append(f'<tr>{"".join(cells)}<td colspan="3"></td></tr>')
    return rows


def _figure(value: float, unit: str) -> str:
    if pd.isna(value):
        return ""
    return f"{100 * value:.0f} %" if unit == "%" else f"{value:,.0f}"


def pace(meeting: Meeting, words: ReviewWording) -> str:
    """The company's gap month by month and where it lands."""
    cells = meeting.tracking.periods
    return charts.gap_chart(cells[cells["node"] == ROOT], meeting.tracking.units.loc[ROOT], words)


def warnings(meeting: Meeting, words: ReviewWording) -> str:
    """Who will probably miss, by how much, what it takes, and how far to trust it."""
    least, out = words.percent(meeting.least_chance), []
    rows = meeting.warned
    for node, row in rows.head(_SHOWN_WARNINGS).iterrows():
        unit = meeting.tracking.units.loc[node]
        label = words.name("label", str(meeting.shown.loc[node, "label"]))
        said = words.html(
            "warning", label=label, chance=words.in_100(float(row["chance"])),
            target=words.amount(row["target"]), percent=words.percent(unit["attainment"]),
            landing=words.amount(row["landing"]), short=words.amount(max(row["short"], 0.0)),
        )  # fmt: skip
        if not pd.isna(row["needed"]) and row["needed"] > 0:
            said += _space(words) + words.html("needed", times=words.percent(row["needed"]))
        out.append(f'<div class="w">{charts.flag(words)}<p>{said}</p></div>')
    if len(rows) > _SHOWN_WARNINGS:
        out.append(f'<p class="note">{words.html("more", count=len(rows) - _SHOWN_WARNINGS)}</p>')
    if not len(rows):
        out.append(f"<p>{words.html('no_warnings', percent=least)}</p>")
    note = words.html("rule", percent=least)
    if meeting.record is not None and len(meeting.record.record):
        found, alarms = meeting.record.found, meeting.record.false_alarms
        years = len(meeting.record.record)
        note += _space(words) + words.html(
            "record", years=years, found=words.percent(found), alarms=words.percent(alarms)
        )
    else:
        note += _space(words) + words.html("no_record")
    return "".join(out) + f'<p class="note">{note}</p>'


def ranking(meeting: Meeting, words: ReviewWording) -> str:
    """People by attainment to date; units where nobody sells."""
    units = meeting.tracking.units
    leaves = units[units["leaf"].astype(bool) & units["attainment"].notna()]
    people = leaves[[not is_house(str(label)) for label in leaves["label"]]]
    of_people = bool(len(people)) and len(people) < len(leaves)
    rows = people if len(people) else leaves
    if not len(rows):
        return ""
    svg, hidden = charts.ranking_chart(rows[["label", "attainment"]], words)
    note = f'<p class="note">{words.html("hidden", count=hidden)}</p>' if hidden else ""
    return f"<h2>{words.html('people' if of_people else 'places')}</h2>{svg}{note}"


def quantities(meeting: Meeting, words: ReviewWording) -> str:
    """Pieces per product and open month."""
    pieces = meeting.quantities
    if pieces.empty:
        return ""
    heads = [f"<th>{words.html('product')}</th>"]
    heads += [f'<th class="n">{words.month(pd.Timestamp(month))}</th>' for month in pieces.columns]
    heads.append(f'<th class="n">{words.html("total")}</th>')
    rows = []
    for product, row in pieces.iterrows():
        figures = [*row.tolist(), int(row.sum())]
        cells = "".join(f'<td class="n">{figure:,.0f}</td>' for figure in figures)
        rows.append(f"<tr><td>{escape(str(product))}</td>{cells}</tr>")
    return (
        f'<section><h2>{words.html("quantities")}</h2><div class="scroll"><table class="t q"><thead><tr>'
        f"{''.join(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="note">{words.html("price")}</p></section>'
    )
