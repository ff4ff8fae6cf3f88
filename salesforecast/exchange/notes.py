"""What loading a workbook says: changes, repairs, refusals and notes, each with its cell."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from salesforecast.exchange.words import say
from salesforecast.planning.scenario import Scenario


@dataclass(frozen=True)
class Note:
    """One thing about a cell, a row or the file.

    Parameters
    ----------
    words
        What it is, in the reader's language.
    sheet, cell
        Where: `"Targets"`, `"H14"`; empty where it is about the whole file. A text file has
        no name of a sheet.
    row, column
        The same for people: 14 and the head of the column, `"Target"`; 0 and empty likewise.
    unit
        Node that it concerns; empty where it is none.
    language
        Of the words.
    """

    words: str
    sheet: str = ""
    cell: str = ""
    row: int = 0
    column: str = ""
    unit: str = ""
    language: str = "en"

    def __str__(self) -> str:
        """`Row 14, "Target": "１，２００ 万" read as 12,000,000`."""
        if not self.row:
            return self.words
        colon = "：" if self.language == "zh" else ": "
        if not self.column:
            return f"{say(self.language, 'at_sheet', sheet=self.sheet, cell=self.cell)}{colon}{self.words}"
        return f"{say(self.language, 'at', row=self.row, column=self.column)}{colon}{self.words}"


@dataclass(frozen=True)
class LoadedBack:
    """What a person filled in, ready to be taken.

    Parameters
    ----------
    scenario
        The plan's scenario with everything that was taken; the same object where nothing was.
    changes
        What `scenario` says otherwise, a note a value, old and new.
    repairs
        What was read in other than the plain way.
    refusals
        What was not taken, and why: the old value stays.
    notes
        What else is worth knowing of the file.
    """

    scenario: Scenario
    changes: tuple[Note, ...] = ()
    repairs: tuple[Note, ...] = ()
    refusals: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The lists as JSON can hold them, each note with its words in `said`."""
        return {
            name: [{**asdict(note), "said": str(note)} for note in getattr(self, name)]
            for name in ("changes", "repairs", "refusals", "notes")
        }
