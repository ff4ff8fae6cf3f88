"""Where the parts of the planner's screen stand: a head, three columns, no page scroll."""

from __future__ import annotations

from salesforecast.reporting.figures import BAD, EDIT, INK, INK2
from salesforecast.widgets.style import BAD_BG, EDIT_BG, HEAD, INK3, LINE, LINE2, PANEL

OK, OK_BG, EQ, EQ_BG = "#00664f", "#dff1ea", "#6b5200", "#fff3c4"

LAYOUT = f"""<style>
.sf-screen {{ height: 700px; min-width: 1100px; overflow: hidden; position: relative; gap: 0; }}
body[data-voila] .sf-screen {{ height: 100vh; }}
.sf-screen.widget-box, .sf-screen .widget-box, .sf-screen .widget-html, .sf-screen .sf-page {{ margin: 0; }}
.sf-screen > .widget-html:first-child, .sf-screen .sf-page {{ height: 0; min-height: 0; flex: 0 0 0; overflow: visible; }}
.sf-screen .sf-bar {{ flex: 0 0 44px; height: 44px; align-items: center; gap: 7px; padding: 0 10px 0 12px; border-bottom: 1px solid {LINE};
  background: #fff; overflow: visible; }}
.sf-bar > .widget-html {{ white-space: nowrap; flex: 0 1 auto; overflow: hidden; text-overflow: ellipsis; }}
.sf-bar > .widget-html .widget-html-content {{ overflow: hidden; text-overflow: ellipsis; }}
.sf-bar > .sf-told {{ flex: 1 1 0; min-width: 60px; color: {INK2}; }}
.sf-screen button.jupyter-button, .sf-screen .jupyter-widget-upload {{ background: #fff; border: 1px solid #b7c0c8; border-radius: 3px; height: 26px; line-height: 24px;
  padding: 0 10px; margin: 0; color: {INK}; box-shadow: none; flex: 0 0 auto; width: auto; }}
.sf-screen button.jupyter-button:hover {{ background: {HEAD}; }}
.sf-screen button.jupyter-button:disabled {{ color: {INK3}; background: #fff; opacity: 1; border-color: {LINE}; }}
.sf-screen .sf-first-button button, .sf-screen button.sf-first-button, .sf-screen button.sf-repair {{ background: {EDIT}; border-color: {EDIT}; color: #fff; font-weight: 600; }}
.sf-screen button.jupyter-button.sf-first-button:hover:enabled, .sf-screen button.sf-repair:hover {{ background: #0a4a8c; color: #fff; }}
.sf-screen button.sf-first-button:disabled {{ background: #fff; color: {INK3}; border-color: {LINE}; }}
.sf-screen button {{ white-space: nowrap; }}
.sf-ways {{ display: flex; flex-wrap: wrap; gap: 8px; padding: 4px 10px 8px; flex-flow: row wrap; overflow: visible; }}
.sf-bar .widget-toggle-buttons {{ flex: 0 0 auto; width: auto; margin: 0; }}
.sf-bar .widget-toggle-buttons .widget-label {{ display: none; }}
.sf-screen .sf-bar .widget-toggle-button {{ padding: 0 8px; min-width: 0; margin: 0; border-radius: 0; }}
.sf-screen .sf-bar .widget-toggle-button.mod-active {{ background: {INK}; color: #fff; border-color: {INK}; }}
.sf-screen :focus-visible {{ outline: 2px solid {EDIT}; outline-offset: 1px; }}
.sf-under {{ flex: 0 0 auto; overflow: visible; }}
.sf-under > .widget-html .sf-good, .sf-under > .widget-html .sf-bad {{ padding: 6px 12px; }}
.sf-screen .sf-good {{ color: {OK}; background: {OK_BG}; border-left: 3px solid {OK}; }}
.sf-conflict {{ align-items: center; gap: 8px; padding: 6px 12px; background: {EQ_BG}; color: {EQ}; border-bottom: 1px solid {LINE}; flex-wrap: wrap; }}
.sf-conflict .widget-html {{ flex: 1 1 auto; }}
.sf-conflict .widget-html-content {{ color: {EQ}; }}
.sf-screen .sf-under {{ position: relative; }}
.sf-sheet {{ padding: 8px 12px; border-bottom: 1px solid {LINE}; background: {PANEL}; max-height: 320px; overflow: auto; gap: 6px; }}
.sf-sheet > .widget-hbox {{ align-items: center; gap: 8px; flex-wrap: wrap; flex: 0 0 auto; overflow: visible; }}
.sf-sheet input, .sf-sheet select {{ color: {INK}; }}
.sf-screen .sf-body {{ flex: 1 1 0; min-height: 0; align-items: stretch; overflow: hidden; }}
.sf-screen .sf-body > .sf-panel {{ flex: 0 0 198px; width: 198px; border: 0; border-right: 1px solid {LINE}; overflow: hidden auto; padding: 6px 10px; gap: 0;
  display: block; }}
.sf-screen .sf-panel .widget-hbox {{ gap: 6px; width: 100%; overflow: visible; }}
.sf-screen .sf-panel .widget-hbox > .widget-text {{ flex: 1 1 0; width: 0; min-width: 0; }}
.sf-screen .sf-panel .widget-text, .sf-screen .sf-panel .widget-dropdown, .sf-screen .sf-panel .widget-hslider {{ margin: 1px 0; width: 100%; }}
.sf-screen .sf-panel h3 {{ font-weight: 400; color: {INK2}; margin: 7px 0 1px; font-size: 11.5px; }}
.sf-screen .sf-panel input, .sf-screen .sf-panel select {{ border: 1px solid #8fb4da; border-radius: 3px; background-color: {EDIT_BG}; color: {EDIT}; font-weight: 600; }}
.sf-screen .sf-panel .sf-titled {{ align-items: center; justify-content: space-between; gap: 0; }}
.sf-screen .sf-panel .sf-titled > .widget-html {{ flex: 1 1 auto; white-space: nowrap; }}
.sf-screen .sf-panel .sf-titled > .sf-field-unit {{ flex: 0 1 auto; width: auto; max-width: 100px; height: 20px; margin: 6px 0 0; }}
.sf-screen .sf-panel .sf-field-unit select {{ font-size: 11px; height: 20px; padding: 0 18px 0 4px; border-color: transparent; background-color: {PANEL}; }}
.sf-screen .sf-capacity .widget-hbox {{ align-items: center; gap: 4px; }}
.sf-screen .sf-capacity .widget-hbox > .widget-html {{ flex: 1 1 auto; min-width: 0; }}
.sf-screen .sf-panel .sf-capacity .widget-hbox > .widget-text {{ flex: 0 0 58px; width: 58px; }}
.sf-screen .sf-capacity .widget-hbox > .widget-dropdown {{ flex: 1 1 0; width: 0; min-width: 0; }}
.sf-screen .sf-capacity .widget-hbox > button.jupyter-button {{ padding: 0 6px; height: 22px; line-height: 20px; }}
.sf-screen .sf-panel select {{ font-weight: 400; }}
.sf-screen .sf-by-hand div {{ cursor: pointer; padding: 2px 0; border-top: 1px solid {LINE}; }}
.sf-screen .sf-by-hand b, .sf-screen .sf-by-hand span {{ display: block; font-size: 11px; }}
.sf-screen .sf-by-hand b {{ font-weight: 600; }}
.sf-screen .sf-by-hand span {{ color: {INK2}; }}
.sf-screen .sf-middle {{ flex: 1 1 0; min-width: 0; overflow: hidden; display: flex; flex-direction: column; }}
.sf-middle > :first-child {{ flex: 1 1 0; min-height: 0; margin: 0; overflow: auto; }}
.sf-middle > .sf-target-grid {{ display: flex; flex-direction: column; overflow: hidden; }}
.sf-middle > .sf-target-grid > * {{ flex: 1 1 0; min-height: 0; height: auto; overflow: hidden; }}
.sf-middle > .sf-target-grid > .widget-html {{ flex: 0 0 auto; }}
.sf-middle .sf-scroll {{ max-height: calc(100% - 36px) !important; }}
.sf-middle > :last-child {{ flex: 0 0 26px; border-top: 1px solid {LINE}; background: {HEAD}; padding: 0 10px; }}
.sf-screen .sf-status {{ white-space: nowrap; overflow: hidden; text-overflow: ellipsis; color: {INK2}; padding: 0; line-height: 26px; font-size: 11px; }}
.sf-screen .sf-status .sf-count {{ color: {BAD}; font-weight: 600; }}
.sf-screen .sf-right {{ flex: 0 0 318px; width: 318px; border-left: 1px solid {LINE}; padding: 0 6px 8px; overflow: hidden auto; display: block; }}
.sf-right .sf-part {{ width: 304px; line-height: 1.35; }}
.sf-right h3 {{ margin: 6px 0 1px; }}
.sf-right .sf-chosen {{ display: flex; justify-content: space-between; height: 32px; line-height: 32px; border-bottom: 1px solid {LINE2}; }}
.sf-right .sf-chosen b:first-child {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 13px; }}
.sf-right .sf-chosen span b {{ color: {EDIT}; }}
.sf-right .sf-chosen span {{ white-space: nowrap; padding-left: 8px; }}
.sf-right .sf-said {{ color: {INK2}; font-size: 11px; line-height: 1.35; }}
.sf-right svg {{ display: block; }}
.sf-right .sf-history text {{ paint-order: stroke; stroke: #fff; stroke-width: 2.5px; }}
.sf-right [data-sf-node] {{ cursor: pointer; }}
.sf-screen table.sf-list {{ border-collapse: collapse; width: 100%; font-size: 11.5px; }}
.sf-screen table.sf-list td, .sf-screen table.sf-list th {{ text-align: right; padding: 2px 0 2px 8px; border-bottom: 1px solid {LINE2}; white-space: nowrap; background: none; }}
.sf-screen table.sf-list td:first-child, .sf-screen table.sf-list th:first-child {{ text-align: left; padding-left: 0; white-space: normal; }}
.sf-screen table.sf-list th {{ font-weight: 400; color: {INK2}; font-size: 11px; }}
.sf-screen table.sf-list tr {{ background: none; }}
.sf-compare {{ display: grid; grid-template-columns: minmax(420px, 1fr) 1fr; gap: 24px; }}
.sf-diff div {{ font-family: ui-monospace, "Noto Sans Mono CJK SC", monospace; font-size: 11px; white-space: pre-wrap; }}
.sf-found ul {{ margin: 2px 0 6px; padding-left: 18px; }}
.sf-found.sf-bad {{ padding: 5px 8px; }}
.sf-away {{ position: absolute; z-index: 20; top: 0; left: 0; right: 0; padding: 12px 16px; background: {BAD_BG}; color: {BAD}; border-bottom: 1px solid {BAD}; }}
.sf-tour {{ position: absolute; z-index: 15; left: 226px; top: 430px; width: 330px; box-sizing: border-box; background: #fff; border: 1px solid {INK}; border-radius: 3px; padding: 8px 14px 12px; }}
.sf-tour ol {{ margin: 4px 0 8px; padding-left: 20px; line-height: 1.7; }}
.sf-tour button {{ background: {EDIT}; color: #fff; border: 0; border-radius: 3px; height: 26px; padding: 0 14px; }}
.sf-busy .sf-middle, .sf-busy .sf-right {{ opacity: .7; }}
.sf-busy .sf-status::before {{ content: attr(data-busy) " "; color: {INK}; font-weight: 600; }}
@media (max-height: 800px) {{
  .sf-right .sf-said {{ display: none; }}
  .sf-right .sf-list tr:nth-child(n+3) {{ display: none; }}
}}
</style>"""
