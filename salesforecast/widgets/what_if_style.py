"""Where the parts of the analyst's what-if screen stand."""

from __future__ import annotations

from salesforecast.reporting.figures import BAD, EDIT, INK, INK2
from salesforecast.widgets.layout import OK, OK_BG
from salesforecast.widgets.style import EDIT_BG, HEAD, INK3, LINE, LINE2, PANEL

LAYOUT = f"""<style>
.sf-what-if {{ border: 1px solid {LINE}; min-width: 780px; }}
.sf-what-if.widget-box, .sf-what-if .widget-box, .sf-what-if .widget-html {{ margin: 0; overflow: visible; }}
.sf-what-if > .widget-html:first-child {{ height: 0; min-height: 0; flex: 0 0 0; }}
.sf-what-if .sf-bar {{ min-height: 44px; align-items: center; gap: 7px; padding: 0 12px; border-bottom: 1px solid {LINE}; }}
.sf-what-if .sf-bar > .widget-html {{ flex: 1 1 auto; }}
.sf-what-if button.jupyter-button, .sf-what-if .jupyter-widget-upload {{ background: #fff; border: 1px solid #b7c0c8; border-radius: 3px;
  height: 26px; line-height: 24px; padding: 0 10px; margin: 0; color: {INK}; box-shadow: none; flex: 0 0 auto; white-space: nowrap; }}
.sf-what-if button.jupyter-button:hover:enabled {{ background: {HEAD}; }}
.sf-what-if button.jupyter-button:disabled {{ color: {INK3}; border-color: {LINE}; opacity: 1; }}
.sf-what-if button.sf-first-button {{ background: {EDIT}; border-color: {EDIT}; color: #fff; font-weight: 600; align-self: flex-start; margin-top: 6px; }}
.sf-what-if button.sf-first-button:hover:enabled {{ background: #0a4a8c; color: #fff; }}
.sf-what-if .widget-toggle-buttons {{ margin: 0; width: auto; }}
.sf-what-if .widget-toggle-buttons .widget-label {{ display: none; }}
.sf-what-if .widget-toggle-button {{ width: auto; border-radius: 0; margin: 0; }}
.sf-what-if button.jupyter-button.widget-toggle-button.mod-active:nth-child(n) {{ background: {INK}; color: #fff; border-color: {INK}; }}
.sf-what-if :focus-visible {{ outline: 2px solid {EDIT}; outline-offset: 1px; }}
.sf-what-if .sf-build {{ align-items: stretch; background: {PANEL}; border-bottom: 1px solid {LINE}; }}
.sf-what-if .sf-form {{ flex: 0 0 300px; padding: 10px 12px; border-right: 1px solid {LINE}; min-height: 212px; }}
.sf-what-if .sf-asked {{ flex: 1 1 0; padding: 10px 12px; gap: 6px; min-width: 0; }}
.sf-what-if .sf-asked > .widget-hbox {{ gap: 8px; align-items: center; }}
.sf-what-if .sf-asked > .widget-vbox {{ flex: 1 1 auto; }}
.sf-what-if .sf-asked > .widget-hbox:first-child select {{ font-weight: 600; }}
.sf-what-if .sf-form .widget-label, .sf-what-if .sf-asked .widget-label {{ color: {INK2}; text-align: left; }}
.sf-what-if .sf-form .widget-vbox > * {{ margin: 1px 0; }}
.sf-what-if .sf-form input, .sf-what-if .sf-form select, .sf-what-if .sf-asked input[type=text], .sf-what-if .sf-asked select {{
  border: 1px solid #8fb4da; border-radius: 3px; background-color: {EDIT_BG}; color: {EDIT}; }}
.sf-what-if .sf-form > .widget-dropdown select {{ font-weight: 600; }}
.sf-what-if .sf-change {{ border-bottom: 1px solid {LINE2}; align-items: center; background: #fff; padding: 0 4px; }}
.sf-what-if .sf-change .widget-checkbox {{ flex: 1 1 0; margin: 0; }}
.sf-what-if .sf-change .widget-checkbox span {{ white-space: normal; overflow: visible; }}
.sf-what-if .sf-change button.jupyter-button {{ border: 0; padding: 0 6px; }}
.sf-what-if .sf-good {{ color: {OK}; background: {OK_BG}; border-left: 3px solid {OK}; padding: 6px 12px; }}
.sf-what-if .sf-bad {{ padding: 6px 12px; }}
.sf-what-if .sf-views {{ gap: 12px; padding: 8px 12px 6px; align-items: center; }}
.sf-what-if .sf-effect {{ padding: 0 12px 12px; overflow-x: auto !important; }}
.sf-what-if .sf-effect .widget-html-content {{ width: max-content; min-width: 100%; }}
.sf-what-if table.sf-short {{ border-collapse: collapse; width: 100%; }}
.sf-what-if table.sf-short th {{ background: {HEAD}; color: {INK2}; font-weight: 400; font-size: 11px; text-align: right; padding: 4px 8px; }}
.sf-what-if table.sf-short td {{ text-align: right; padding: 4px 8px; border-bottom: 1px solid {LINE2}; background: #fff; font-size: 12px; }}
.sf-what-if table.sf-short td span {{ color: {INK2}; display: block; font-size: 11px; }}
.sf-what-if table.sf-short td:first-child, .sf-what-if table.sf-short th:first-child {{ text-align: left; max-width: 280px; }}
.sf-what-if table.sf-short tr:first-child td {{ border-bottom: 1px solid #b7c0c8; }}
.sf-what-if table.sf-short td.sf-more {{ color: {BAD}; }}
</style>"""
