"""A workbook or a CSV that people filled in, read back: taken by cell, or refused by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from salesforecast.errors import DataError
from salesforecast.exchange.lists import read_capacities, read_limits, read_people
from salesforecast.exchange.notes import LoadedBack, Note
from salesforecast.exchange.pages import Page, read_pages
from salesforecast.exchange.places import Places
from salesforecast.exchange.reader import Gathered, Reader
from salesforecast.exchange.stamp import SHEET, Base, base_of, read_base, stamp_in
from salesforecast.exchange.tables import Sheet, find_table, letters
from salesforecast.exchange.taking import taken
from salesforecast.exchange.targets import read_targets
from salesforecast.exchange.words import WORDS, say
from salesforecast.history.organisation import Measure
from salesforecast.planning.decision import Headcount
from salesforecast.planning.plan import Plan
from salesforecast.reporting.wording import Wording
from salesforecast.rules import Capacity

_READ: dict[str, Callable[..., Sequence[Headcount | Capacity] | None]] = {
    "targets": read_targets,
    "limits": read_limits,
    "people": read_people,
    "capacities": read_capacities,
}
_YUAN = {"元", "CNY", "RMB", "人民币"}


def load_back(
    data: bytes,
    file_name: str,
    plan: Plan,
    measure: Measure,
    *,
    language: str = "en",
    owner: str = "",
    divisor: int = 1,
) -> LoadedBack:
    """Read what was typed into a planner's workbook, an input template, or a table like them.

    Columns are found by their names, in either language, wherever they stand; units by their place
    in the tree, else by a name that only one has. What differs from what stood in the workbook when
    it was made is taken: a typed target becomes a lock. What is in doubt is refused by cell and
    keeps its old value; a row or a column that is missing changes nothing.

    Parameters
    ----------
    data, file_name
        The bytes of an .xlsx, .xls or .csv, and what messages call it.
    plan, measure
        What the screen shows: `session.plan`, `inputs.organisation.measure`.
    language
        Of the messages: `en` or `zh`.
    owner
        Who sets the limits where the file does not say.
    divisor
        What amounts are counted in where they are told; what the file counts in is its own.

    Raises
    ------
    DataError
        If the file is no table, is damaged, or has none of the known columns.
    """
    pages = read_pages(data, file_name, language)
    current = base_of(plan, divisor=max(measure.divisor, 1))
    hidden = next((read_base(page.grid) for page in pages if page.name == SHEET), None)
    out = Gathered()
    found = [
        (page, *find_table(page, language))
        for page in pages
        if page.name != SHEET and any(any(v not in ("", None) for v in row) for row in page.grid)
    ]
    sheets = [sheet for _, sheet, _ in found if sheet is not None]
    if not sheets:
        raise DataError(
            say(language, "nothing_found"), where=file_name, fix=say(language, "nothing_found_fix")
        )
    base = hidden or replace(current, divisor=0)
    stamped = hidden is not None or any(stamp_in(sheet.titles) for sheet in sheets)
    reader = Reader(
        plan, base, Places(plan.units, language), measure, language, owner, current.digest, out,
        stamped, divisor,
    )  # fmt: skip
    other = _other_plan(hidden, current, sheets, reader)
    if other is not None:
        return LoadedBack(plan.scenario, refusals=(other,))
    made: list[Headcount | Capacity] = []
    for page, sheet, notes in found:
        out.refusals += notes
        if sheet is None:
            _unread(page, reader)
            continue
        _about_page(sheet, reader)
        multiplier, unit = _unit(sheet, hidden, reader)
        if multiplier:
            made += _READ[sheet.kind](sheet, reader, multiplier=multiplier, unit=unit) or ()
    _missing(sheets, reader)
    return taken(reader, made)


def _other_plan(
    hidden: Base | None, current: Base, sheets: Sequence[Sheet], reader: Reader
) -> Note | None:
    """The refusal of another plan's workbook; a note where it is another version of the same."""
    language = reader.language
    if hidden is not None:
        if (hidden.organisation, hidden.periods) != (current.organisation, current.periods):
            words = reader.say("other_plan", theirs=hidden.plan_words, ours=current.plan_words)
            return Note(words, language=language)
        if hidden.digest != current.digest:
            words = reader.say("other_version", theirs=hidden.plan_words, ours=current.plan_words)
            reader.out.notes.append(Note(words, language=language))
        return None
    stamps = {stamp for sheet in sheets if (stamp := stamp_in(sheet.titles))}
    if not stamps:
        reader.out.notes.append(Note(reader.say("no_stamp"), language=language))
    elif stamps != {current.digest}:
        # without the hidden sheet nobody knows what stood there, so nothing can be told apart
        words = reader.say("other_plan", theirs=", ".join(sorted(stamps)), ours=current.plan_words)
        return Note(words, language=language)
    return None


def _unread(page: Page, reader: Reader) -> None:
    known = {
        words[key]
        for words in WORDS.values()
        for key in ("sheet_howto", "sheet_months", "sheet_units")
    }
    if page.name not in known:
        words = reader.say("unread_sheet", sheet=page.name)
        reader.out.notes.append(Note(words, language=reader.language))


def _about_page(sheet: Sheet, reader: Reader) -> None:
    """What a reader of the sheet would not see at once."""
    page, out = sheet.page, reader.out
    rows = [row for row in sheet.rows if row in set(page.hidden_rows)]
    if rows:
        said = ", ".join(str(row + 1) for row in rows[:5])
        words = reader.say("hidden_rows", count=len(rows), rows=said)
        out.notes.append(sheet.note(words, rows[0]))
    columns = [
        at for field, at in sheet.columns.items() if at in page.hidden_columns and field != "leaf"
    ]
    if columns:
        words = reader.say(
            "hidden_columns", columns=", ".join(letters(at) for at in sorted(columns))
        )
        out.notes.append(sheet.note(words, sheet.head))
    if page.encoding:
        words = reader.say("encoding", encoding=page.encoding.upper())
        out.notes.append(Note(words, language=reader.language))


def _unit(sheet: Sheet, hidden: Base | None, reader: Reader) -> tuple[float, str]:
    """What one amount of a sheet is in the measure, and what it is called; zero if it is refused."""
    measure, language = reader.measure, reader.language
    shown = Wording(language, max(measure.divisor, 1)).unit(
        measure.unit, measure.display or measure.unit
    ) or measure.name  # fmt: skip
    said = sheet.unit
    if not said.name or not (
        said.name == measure.unit or said.name in _YUAN or said.name.isupper()
    ):
        if hidden is None:
            words = reader.say("unit_assumed", unit=shown)
            reader.out.notes.append(sheet.note(words, sheet.head))
        return float(max(measure.divisor, 1)) if hidden is None else float(hidden.divisor), shown
    same = said.name == measure.unit or {said.name, measure.unit} <= _YUAN or not measure.unit
    if not same:
        words = reader.say("unit_other", theirs=said.name, ours=measure.unit)
        reader.out.refusals.append(sheet.note(words, sheet.head))
        return 0.0, shown
    return said.multiplier, shown


def _missing(sheets: Sequence[Sheet], reader: Reader) -> None:
    if any(sheet.kind == "targets" for sheet in sheets):
        missing = len(reader.plan.units.index.difference(list(reader.out.seen)))
        if missing:
            words = reader.say("missing_rows", count=missing)
            reader.out.notes.append(Note(words, language=reader.language))
