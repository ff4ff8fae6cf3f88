"""The page's end: what the data said, whether the rule was fair before, how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from salesforecast.errors import Finding
from salesforecast.findings import said
from salesforecast.reporting.figures import fairness_strip
from salesforecast.reporting.html import Cell, Html, paragraph, row, safe, section, table
from salesforecast.reporting.report import Report
from salesforecast.reporting.split import rule_text, said_label
from salesforecast.reporting.wording import Wording, opened
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock, Rule

_SHOWN_FINDINGS = 15
_SHOWN_FAR_OFF = 12


def data_section(report: Report, words: Wording) -> Html:
    """Warnings with what they mean for the result, then what was read otherwise than written."""
    warnings, repairs = report.warnings(), report.repairs()
    title = words.html("warnings", n=len(warnings)) if warnings else words.html("warnings_0")
    body = _findings(warnings, words)
    if notes := report.notes():
        body.append(f"<h3>{words.html('notes', n=len(notes))}</h3>")
        body += _findings(notes, words)
    if repairs:
        body.append(f"<h3>{words.html('repairs', n=len(repairs))}</h3>")
        body += _findings(repairs, words)
    return section(Html(title), body)


def fair_section(report: Report, words: Wording) -> Html:
    """The replay: a dot per person and quarter under each rule, the verdict, who was far off."""
    hindcast = report.hindcast
    if hindcast is None or hindcast.summary.empty:
        return Html("")
    quarters = hindcast.detail["quarter"].nunique()
    scored = who_is_scored(report, words)
    body: list[str] = [paragraph(words.say("fair_intro", **scored))]
    body.append(paragraph(_verdict(report, words)))
    body.append(fairness_strip(report, words.language).svg)
    count = int(hindcast.summary.iloc[0]["person_quarters"])
    notes = [words.say("fair_note", n=count, **scored)]
    body.append(paragraph(_joined([*notes, hindcast.note], words), "note"))
    return Html(
        section(Html(words.html("fair", n=quarters)), body, css="keep") + _far_off(report, words)
    )


_AS_USED = ("stretch", "criterion", "seed")  # a scenario may say otherwise than the call did


def made_section(report: Report, words: Wording) -> Html:
    """Every parameter, input and version that the figures rest on."""
    scenario, run = report.plan.scenario, report.run
    lines = [
        ("made_total", _total(report, words)),
        ("made_criterion", words.criterion(scenario.criterion)),
        ("made_step", f"{scenario.step:,} {report.unit}".strip()),
        (
            "made_rules",
            "; ".join(_rule(rule, report, words) for rule in scenario.rules)
            or words.say("made_no_rules"),
        ),
        ("made_seed", str(run.get("seed", scenario.seed))),
    ]
    hedge = _hedge(scenario.hedge, words)
    if hedge:
        lines.insert(3, ("made_hedge", hedge))
    if run.get("seconds"):
        times = (f"{words.name('stage', stage)} {s:.1f}" for stage, s in run["seconds"].items())
        lines.append(("made_seconds", ", ".join(times)))
    rows = [row([Cell(words.say(key)), Cell(text)]) for key, text in lines]
    for key in ("parameters", "versions"):
        for name, value in dict(run.get(key, {})).items():
            if name not in _AS_USED:
                rows.append(row([Cell(words.name("parameter", name)), Cell(str(value))]))
    body = [f'<table class="wide"><tbody>{"".join(rows)}</tbody></table>']
    inputs = [
        row([Cell(str(path)), Cell(Html(f"<code>{safe(str(digest)[:16])}</code>"))])
        for path, digest in dict(run.get("inputs", {})).items()
    ]
    if inputs:
        listed = f'<table class="wide"><tbody>{"".join(inputs)}</tbody></table>'
        said = words.html("made_inputs", n=len(inputs))
        body.append(f"<details><summary>{said}</summary>{listed}</details>")
    return section(Html(words.html("made")), body)


def _findings(findings: Sequence[Finding], words: Wording) -> list[str]:
    if not findings:
        return []
    head = [Cell(words.say("what")), Cell(words.say("place")), Cell(words.say("rows"), "n")]
    head.append(Cell(words.say("effect")))
    lines = [
        row(
            [
                Cell(opened(f.what)),
                Cell(f.where),
                Cell(f"{f.rows:,}" if f.rows else "", "n"),
                Cell(f.effect),
            ]
        )
        for f in (said(one, words.language) for one in findings[:_SHOWN_FINDINGS])
    ]
    out: list[str] = [table(head, lines, css="found")]
    more = len(findings) - _SHOWN_FINDINGS
    if more > 0:
        sheet = words.say("sheet_findings")
        out.append(paragraph(words.say("findings_more", n=more, sheet=sheet), "note"))
    return out


def _verdict(report: Report, words: Wording) -> str:
    """Our rule beside the best habit, good or bad, and whether the difference is clear."""
    assert report.hindcast is not None
    ours, best = report.hindcast.summary.iloc[0], report.best_habit()
    if best is None:
        return ""
    said = words.say(
        "fair_better",
        ours=words.method(report.ours),
        share=words.percent(ours["share_80_120"]),
        other=words.name("method", str(best.name)),
        other_share=words.percent(best["share_80_120"]),
        spread=f"{ours['spread']:.2f}",
        **who_is_scored(report, words),
        other_spread=f"{best['spread']:.2f}",
    )
    if "against_first_low" in best:  # paired: the same people in the same quarters
        apart = best["against_first_low"] > 0 or best["against_first_high"] < 0
    else:
        apart = ours["spread_high"] < best["spread_low"] or best["spread_high"] < ours["spread_low"]
    verdict = "fair_unclear"
    if apart:
        verdict = "fair_clear_ours" if ours["spread"] < best["spread"] else "fair_clear_habit"
    return _joined([said, words.say(verdict)], words)


def who_is_scored(report: Report, words: Wording) -> dict[str, str]:
    """What a scored unit is called: a person, or a place where no table names people."""
    if words.language == "zh" and not report.of_people:  # as the organisation calls them
        level = words.name("level", report.plan.hierarchy.levels[-1])
        return {"one": level, "many": level}
    kind = "people" if report.of_people else "places"
    return {part: words.say(f"{part} {kind}") for part in ("one", "many")}


def _far_off(report: Report, words: Wording) -> Html:
    assert report.hindcast is not None
    far = report.hindcast.far_off
    if far.empty:
        return Html("")
    distance = (far["actual"] - far["target"]).abs()  # in money: what a director asks first
    far = far.loc[distance.sort_values(ascending=False, kind="stable").index]
    shown = far.head(_SHOWN_FAR_OFF)
    head = [Cell(opened(who_is_scored(report, words)["one"])), Cell(words.say("quarter"))]
    head += [Cell(words.say(key), "n") for key in ("target", "actual", "attainment")]
    head.append(Cell(words.say("why")))
    lines = [
        row(
            [
                Cell(str(one["label"]), "one"),
                Cell(words.quarter(report.quarter_name(one["quarter"])), "one"),
                Cell(words.amount(one["target"]), "n"),
                Cell(words.amount(one["actual"]), "n"),
                Cell(words.percent(one["attainment"]), "n tg"),
                Cell(str(one["why"])),
            ]
        )
        for one in shown.to_dict("records")
    ]
    body: list[str] = [table(head, lines)]
    if len(far) > len(shown):
        sheet = words.say("sheet_far_off")
        body.append(paragraph(words.say("far_more", n=len(far) - len(shown), sheet=sheet), "note"))
    return section(Html(words.html("far_off")), body)


def _total(report: Report, words: Wording) -> str:
    scenario = report.plan.scenario
    asked = f"{int(report.company['target']):,} {report.unit}".strip()
    if scenario.total is not None:
        return asked
    between = "：" if words.language == "zh" else ": "
    if scenario.chance is not None:
        return asked + between + words.say("made_from_chance", chance=words.chance(scenario.chance))
    stretch = words.percent(scenario.stretch, 1)
    return asked + between + words.say("made_from_forecast", stretch=stretch)


def _rule(rule: Rule, report: Report, words: Wording) -> str:
    """One limit with its amount in full, who set it and why."""
    said = rule_text(rule, said_label(report.label(rule.node), words), words)
    whole = Wording(words.language, 1)
    if isinstance(rule, GrowthBand):
        low, high = words.points(rule.low), words.points(rule.high)
        said = words.say("rule_band", rule=said, low=f"{low} %", high=f"{high} %")
    elif isinstance(rule, (Floor, Ceiling, Lock)):
        amount = f"{whole.amount(rule.amount)} {report.unit}"
        said = words.say("rule_amount", rule=said, amount=amount)
    elif isinstance(rule, Capacity):
        amount = f"{whole.amount(rule.amount)} {rule.unit}"
        said = words.say("rule_amount", rule=said, amount=amount)
    because = words.because(rule.owner, rule.reason)
    return f"{said or rule.words()} ({because})" if because else said or rule.words()


def _hedge(hedge: float | Mapping[str, float], words: Wording) -> str:
    if isinstance(hedge, Mapping):
        parts = (f"{words.name('level', k)} {words.percent(v, 1)}" for k, v in hedge.items() if v)
        return ", ".join(parts)
    return words.percent(float(hedge), 1) if hedge else ""


def _joined(sentences: Sequence[str], words: Wording) -> str:
    return ("" if words.language == "zh" else " ").join(s for s in sentences if s)
