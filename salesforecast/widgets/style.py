"""Colours and type of the planner's screen; every rule is inside `.sf`, so nothing else changes."""

from __future__ import annotations

from salesforecast.reporting.figures import BAD, EDIT, INK, INK2

INK3, LINE, LINE2, PANEL, HEAD = "#69737d", "#d9dee3", "#eceff2", "#f6f7f9", "#eef1f4"
EDIT_BG, BAD_BG, LOCKED = "#e8f1fb", "#fdeee6", "#e6e9ec"
ROW, HEADS, NAMES = 22, 52, 168  # px: a row of the grid, its two head rows, the column of names

STYLE = f"""<style>
.sf, .sf .widget-html-content, .sf button, .sf input, .sf select {{
  font-family: "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans", system-ui, sans-serif;
  font-size: 12px; color: {INK}; font-variant-numeric: tabular-nums lining-nums; }}
.sf {{ background: #fff; --jp-widgets-font-size: 12px; --jp-widgets-label-color: {INK2}; }}
.sf .widget-html, .sf .widget-html-content {{ margin: 0; line-height: 1.35; }}
.sf .sf-panel {{ background: {PANEL}; border: 1px solid {LINE}; padding: 8px 10px; }}
.sf .sf-panel {{ --jp-widgets-inline-height: 26px; }}
.sf .sf-panel .widget-toggle-buttons button {{ height: 24px; line-height: 24px; }}
.sf .sf-panel .widget-label {{ color: {INK2}; }}
.sf .sf-panel input, .sf .sf-panel select {{ color: {EDIT}; }}
.sf h3 {{ font-size: 12px; font-weight: 600; line-height: 1.35; margin: 3px 0 2px; display: flex; justify-content: space-between; }}
.sf h3 span, .sf .sf-note {{ font-weight: 400; color: {INK2}; font-size: 11px; }}
.sf .sf-bad {{ color: {BAD}; background: {BAD_BG}; border-left: 3px solid {BAD}; padding: 5px 8px; }}
.sf button.sf-repair {{ background: {EDIT}; color: #fff; margin: 4px 0 6px 12px; align-self: flex-start; height: 26px;
  line-height: 26px; }}
.sf .sf-status {{ color: {INK2}; padding: 4px 2px; }}
.sf table.sf-grid {{ border-collapse: collapse; table-layout: fixed; width: 100%; }}
.sf .sf-grid th {{ background: {HEAD}; color: {INK2}; font-weight: 400; font-size: 11px; line-height: 1.2;
  padding: 2px 5px; text-align: right; vertical-align: bottom; height: {HEADS - 18}px; box-sizing: border-box; }}
.sf .sf-grid tr.sf-groups th {{ height: 18px; text-align: left; color: {INK}; border-left: 1px solid #c9d0d6;
  padding-top: 4px; white-space: nowrap; }}
.sf table.sf-grid tbody tr:nth-child(n) {{ background: #fff; }}
.sf .sf-grid td {{ font-size: 12px; height: {ROW}px; box-sizing: border-box; padding: 0 5px; text-align: right; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; border-bottom: 1px solid {LINE2}; line-height: {ROW - 1}px; }}
.sf .sf-grid tr.sf-upper td {{ font-weight: 600; }}
.sf .sf-grid tr.sf-on td {{ background: {LINE2}; }}
.sf .sf-grid td.sf-target, .sf .sf-grid tr.sf-on td.sf-target {{ background: {EDIT_BG}; color: {EDIT}; font-weight: 600; }}
.sf .sf-grid td.sf-locked, .sf .sf-grid tr.sf-on td.sf-locked {{ background: {LOCKED}; color: {INK}; }}
.sf .sf-grid td.sf-set {{ color: {EDIT}; }}
.sf .sf-grid td.sf-none {{ color: {INK3}; }}
.sf .sf-grid .sf-left {{ text-align: left; font-weight: 400; }}
.sf .sf-grid td.sf-low {{ color: {BAD}; font-weight: 700; }}
.sf .sf-grid svg, .sf svg {{ vertical-align: middle; }}
.sf svg text {{ font-family: inherit; fill: {INK2}; }}
.sf .sf-scroll, .sf .sf-scroll .widget-box {{ margin: 0; padding: 0; }}
.sf .sf-left-column {{ position: sticky; left: 0; z-index: 2; background: #fff; overflow: visible; }}
.sf .sf-head-box {{ position: sticky; top: 0; z-index: 3; overflow: visible; }}
.sf .sf-scroll .sf-grid tr.sf-first td {{ position: sticky; top: {HEADS}px; z-index: 1; background: #fff;
  border-bottom: 0; box-shadow: inset 0 -1px 0 #b7c0c8; }}
.sf .sf-scroll .sf-grid tr.sf-first.sf-on td {{ background: {LINE2}; }}
.sf .sf-scroll .sf-grid tr.sf-first td.sf-target {{ background: {EDIT_BG}; }}
.sf .sf-units > div > button.widget-toggle-button:first-child {{ position: sticky; top: {HEADS + 1}px; z-index: 2;
  font-weight: 600; border-bottom: 1px solid #b7c0c8; }}
.sf .sf-scroll .sf-grid thead {{ position: sticky; top: 0; z-index: 1; }}
.sf .sf-scroll .widget-html, .sf .sf-scroll .widget-html-content {{ overflow: visible; }}
.sf .sf-head {{ background: {HEAD}; color: {INK2}; font-size: 11px; height: {HEADS + 1}px; box-sizing: border-box;
  padding: {HEADS - 18}px 6px 0; white-space: nowrap; }}
.sf .sf-units {{ margin: 0; width: {NAMES}px; overflow: visible; }}
.sf .sf-units > div {{ display: flex; flex-direction: column; }}
.sf .sf-units button.widget-toggle-button {{ height: {ROW}px; line-height: {ROW - 1}px; margin: 0; padding: 0 6px;
  width: {NAMES}px; text-align: left; background: #fff; border: 0; border-bottom: 1px solid {LINE2}; box-shadow: none;
  overflow: hidden; text-overflow: ellipsis; white-space: pre; }}
.sf .sf-units button.mod-active {{ background: {LINE2}; font-weight: 600; box-shadow: inset 3px 0 0 {INK}; }}
.sf .sf-units button:focus-visible {{ outline: 2px solid {EDIT}; outline-offset: -2px; }}
</style>"""
