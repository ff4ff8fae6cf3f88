"""Pieces of HTML that belong together, shown anew by one message."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class Board(anywidget.AnyWidget):
    """Pieces one under the other, in the order of `parts`; what did not change is left alone.

    Every message costs kernel, server and browser more than what it carries: a screen that
    follows a slider sends one.

    Traits
    ------
    parts
        Name to HTML; the page's styles know a piece as `.sf-part-<name>`.
    """

    _esm = Path(__file__).with_name("board.js")
    parts = traitlets.Dict(traitlets.Unicode()).tag(sync=True)
