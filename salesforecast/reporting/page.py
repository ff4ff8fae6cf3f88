"""The page that a sales director reads: one HTML file, no script, no network, prints on A4."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from salesforecast.reporting.evidence import data_section, fair_section, made_section, who_is_scored
from salesforecast.reporting.figures import history_and_target
from salesforecast.reporting.html import Html, paragraph, safe, section
from salesforecast.reporting.people import person_section
from salesforecast.reporting.report import TOO_LOW, Report, is_house
from salesforecast.reporting.split import (
    changes_section,
    limits_in_words,
    limits_section,
    who_section,
)
from salesforecast.reporting.style import CSS
from salesforecast.reporting.wording import Wording

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # nothing can be fetched or run
_SHOWN_DECISIONS = 3
_SAME_CHANCE = 0.02  # rounding to whole steps moves a chance by less, but for small targets


def write_page(report: Report, path: Path, language: str = "en") -> Path:
    """Write the report as one self-contained HTML file in UTF-8, and return its path.

    Raises
    ------
    ParameterError
        If there is no catalogue of words for `language` (there are `en` and `zh`).
    """
    path = Path(path)
    path.write_text(page(report, language), encoding="utf-8", newline="\n")
    return path


def page(report: Report, language: str = "en") -> str:
    """The report as one HTML document."""
    words = Wording(language, report.divisor, calendar=report.plan.calendar)
    body = [
        _top(report, words),
        Html(f"<h1>{safe(headline(report, words))}</h1>"),
        Html(f'<p class="lead">{lead(report, words)}</p>'),
        _reach(report, words),
        who_section(report, words),
        limits_section(report, words),
        person_section(report, words),
        changes_section(report, words),
        data_section(report, words),
        fair_section(report, words),
        made_section(report, words),
        _footer(report, words),
    ]
    tongue = "zh-CN" if language == "zh" else language
    title = safe(f"{words.say('title', quarter=words.quarter(report.quarter))}")
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{CSS}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def headline(report: Report, words: Wording) -> str:
    """The decision in one sentence: what to ask for, against the forecast and last year."""
    company = report.company
    forecast = _compared(company["stretch"], "forecast", report, words)
    baseline = _compared(company["growth"], "baseline", report, words)
    key = "versus_both" if baseline else "versus_one"
    versus = words.say(key, forecast=forecast, baseline=baseline) if forecast else ""
    return words.say(
        "headline",
        quarter=words.quarter(report.quarter),
        target=words.amount(company["target"]),
        versus=versus,
    )


def lead(report: Report, words: Wording) -> Html:
    """What stands behind the decision: its chance, how it was split, what deserves a look."""
    sentences = [words.html("lead_reach", chance=words.in_100(report.plan.chance_of_total))]
    sentences.append(_split(report, words))
    people = report.leaves[~report.leaves["label"].map(is_house)]
    people = people[(people["target"] > 0) & people["chance"].notna()]
    low = int((people["chance"] < TOO_LOW).sum())
    if len(people) and report.plan.scenario.criterion != "equal chance":
        low_high = (words.chance(people["chance"].min()), words.chance(people["chance"].max()))
        sentences.append(words.html("lead_spread", low=low_high[0], high=low_high[1]))
    if low:
        counted = words.count("people" if report.of_people else "low_units", low)
        sentences.append(words.html("lead_low", people=counted, percent=words.percent(TOO_LOW)))
    habit = report.best_habit()
    if report.hindcast is not None and habit is not None:
        sentences.append(
            words.html(
                "lead_replay",
                quarters=report.hindcast.detail["quarter"].nunique(),
                share=words.percent(report.hindcast.summary["share_80_120"].iloc[0]),
                other_share=words.percent(habit["share_80_120"]),
                **who_is_scored(report, words),
            )
        )
    if report.changes is not None and len(report.changes):
        moved = float((report.changes["now"] - report.changes["before"]).sum())
        sentences.append(words.html("lead_changed", change=words.change(moved)))
    warnings = len(report.warnings())
    if warnings > 1:
        counted = words.say("warnings_n", n=warnings)
        sentences.append(words.html("lead_findings", warnings=counted))
    else:
        sentences.append(words.html("lead_one_finding" if warnings else "lead_no_findings"))
    return Html(("" if words.language == "zh" else " ").join(sentences))


def _split(report: Report, words: Wording) -> str:
    criterion, held = report.plan.scenario.criterion, len(report.held)
    equal, apart = criterion == "equal chance" and len(report.free) > 0, 0
    if equal:
        common = report.free["chance"].median()
        apart = int(((report.free["chance"] - common).abs() > _SAME_CHANCE).sum())
    counts = [("except_held", held), ("except_rare", apart)]
    named = [words.say(key, units=words.count("units", n)) for key, n in counts if n]
    except_ = ""
    if named:
        key = "except_both" if len(named) == 2 else "except_one"
        except_ = words.say(key, first=named[0], second=named[-1])
    if equal:
        one = words.name("level", report.plan.hierarchy.levels[-1])
        return words.html("lead_equal", one=one, chance=words.chance(common), except_=except_)
    return words.html("lead_split", criterion=words.criterion(criterion), except_=except_)


def _compared(fraction: float, to: str, report: Report, words: Wording) -> str:
    if pd.isna(fraction):
        return ""
    side = "equal" if abs(fraction) < 0.0005 else "above" if fraction > 0 else "below"
    percent, short = words.percent(abs(fraction), 1), words.short_quarter(report.quarter)
    return words.say(f"{side}_{to}", percent=percent, short=short)


def _top(report: Report, words: Wording) -> Html:
    unit = words.unit(report.unit, report.unit_words)
    text = words.html(
        "top" if unit else "top_no_unit",
        organisation=report.organisation,
        quarter=words.quarter(report.quarter),
        span=words.span(report.span, report.plan.periods),
        unit=unit,
    )
    return Html(f'<div class="top">{text}</div>')


def _reach(report: Report, words: Wording) -> Html:
    company, chance = report.company, words.in_100(report.plan.chance_of_total)
    note = words.html(
        "reach_note",
        short=words.short_quarter(report.quarter),
        low=words.amount(company["low80"]),
        high=words.amount(company["high80"]),
    )
    drawn = history_and_target(report, words.language).svg
    body = [drawn, paragraph(Html(note), "note")]
    figure = section(Html(words.html("reach", chance=chance)), body)
    items = "".join(f"<li>{item}</li>" for item in _decisions(report, words))
    asked = f'<div class="ask"><b>{words.html("decide")}</b><ol>{items}</ol></div>'
    return Html(f'<div class="reach keep">{figure}{asked}</div>')


def _decisions(report: Report, words: Wording) -> list[str]:
    """Approve; a total that is hardly reached; the limits, as the plan ordered them."""
    company, chance = report.company, report.plan.chance_of_total
    out = [words.html("decide_approve")]
    if chance < TOO_LOW:
        target = words.amount(company["target"])
        out.append(words.html("decide_total", target=target, chance=words.in_100(chance)))
    limits = limits_in_words(report, words).loc[report.binding().index]
    for limit in limits.head(_SHOWN_DECISIONS).to_dict("records"):
        values = {
            "limit": limit["limit"],
            "label": limit["label"],
            "held_at": words.amount(limit["held_at"]),
            "would_be": words.amount(limit["would_be"]),
        }
        if isinstance(limit["effect"], str) and limit["effect"]:
            out.append(words.html("decide_limit", **values, effect=limit["effect"]))
        else:
            out.append(words.html("decide_limit_short", **values))
    out += _habit_to_decide(report, words)
    people = report.leaves[~report.leaves["label"].map(is_house) & (report.leaves["target"] > 0)]
    low = people[people["chance"] < TOO_LOW].sort_values("chance", kind="stable")
    if len(low):
        joint = "、" if words.language == "zh" else ", "
        names = joint.join(low["label"].head(4)) + (" …" if len(low) > 4 else "")
        out.append(words.html("decide_low", names=names, percent=words.percent(TOO_LOW)))
    return out


def _habit_to_decide(report: Report, words: Wording) -> list[str]:
    """Whether to keep the rule, where a habit had visibly more people near their target."""
    habit = report.best_habit()
    if report.hindcast is None or habit is None:
        return []
    share = report.hindcast.summary["share_80_120"].iloc[0]
    other, ours = words.percent(habit["share_80_120"]), words.percent(share)
    if not habit["share_80_120"] > share or other == ours:
        return []
    name = words.name("method", str(habit.name))
    return [words.html("decide_habit", other=name, other_share=other, share=ours)]


def _footer(report: Report, words: Wording) -> Html:
    run = report.run
    text = words.html(
        "footer",
        id=run.get("id", words.say("none")),
        as_of=words.date(run.get("as_of", words.say("none"))),
        version=run.get("version", words.say("none")),
        seed=run.get("seed", words.say("none")),
    )
    return Html(f"<footer>{text}</footer>")
