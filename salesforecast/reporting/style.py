"""The page's style sheet: the design's tokens, for screen and for A4 paper."""

CSS = """
:root{--ink:#1d2329;--ink2:#4d5761;--ink3:#69737d;--line:#d9dee3;--line2:#eceff2;--panel:#f6f7f9;
--bad:#a63603}
*{box-sizing:border-box}
@page{size:A4;margin:13mm 12mm}
html{background:#fff}
body{margin:0;color:var(--ink);background:#fff;font:12.5px/1.45 "Segoe UI","PingFang SC",
"Microsoft YaHei","Noto Sans CJK SC","Noto Sans",system-ui,Arial,sans-serif;
font-variant-numeric:tabular-nums lining-nums;print-color-adjust:exact;
-webkit-print-color-adjust:exact;overflow-wrap:break-word}
svg text{font-family:inherit}
main{width:700px;max-width:100%;margin:26px auto 40px}
.top{color:var(--ink2);border-bottom:1px solid var(--ink);padding-bottom:5px;margin-bottom:14px;
font-size:12px}
h1{font-size:23px;line-height:1.25;margin:0 0 8px;font-weight:600;letter-spacing:-.2px}
.lead{font-size:14.5px;margin:0 0 14px;line-height:1.5;max-width:none}
h2{font-size:14.5px;font-weight:600;margin:22px 0 3px;break-after:avoid}
h3{font-size:12.5px;font-weight:600;margin:10px 0 2px;break-after:avoid}
p{margin:0 0 7px;max-width:660px}
.note{color:var(--ink2);font-size:11.5px;margin-top:4px}
.reach{display:grid;grid-template-columns:430px 1fr;gap:18px;align-items:start}
.reach h2{margin-top:0}
.ask{background:var(--panel);padding:9px 12px}.ask b{display:block;margin-bottom:3px}
.ask ol{margin:0;padding-left:17px}.ask li{margin-bottom:4px}
table{border-collapse:collapse;width:100%;font-size:12px}
thead{display:table-header-group}
td,th{font-weight:400;text-align:left}
th{color:var(--ink2);font-size:11px;vertical-align:bottom;border-bottom:1px solid var(--ink3);
padding:2px 5px 3px 0;line-height:1.2}
td{padding:2px 5px 2px 0;border-bottom:1px solid var(--line2);vertical-align:top}
.n{text-align:right;white-space:nowrap}td.n,th.n{padding-left:5px}
td.n+td:not(.n),th.n+th:not(.n){padding-left:14px}
td svg{display:block;margin-top:3px}
tr.l0 td,tr.l1 td{font-weight:600}tr.l0 td{border-bottom:1px solid var(--ink3)}
.who,.two table{font-size:11.5px}
.one{white-space:nowrap}
.found th:nth-child(1){width:30%}.found th:nth-child(2){width:36%}.found th:nth-child(3){width:8%}
.d1{padding-left:10px!important}.d2{padding-left:20px!important}.d3{padding-left:30px!important}
.d4{padding-left:40px!important}.d5{padding-left:50px!important}
td.tg{font-weight:600}.who td.tg{background:#f1f4f7}
td.q{color:var(--ink2);font-weight:400!important}
td.lim,.small{font-size:11px;color:var(--ink2);font-weight:400!important;line-height:1.25}
.small{display:block}
.bad{color:var(--bad);font-weight:600}
.two{display:grid;grid-template-columns:1fr 1fr;gap:26px;align-items:start}
tr.mut td{color:var(--ink2)}
.wide td:first-child{min-width:120px}
code{font-size:10.5px;overflow-wrap:anywhere}
td.lim{min-width:62px}
tr,.keep{break-inside:avoid}
footer{margin-top:22px;border-top:1px solid var(--line);padding-top:6px;color:var(--ink2);
font-size:11px}
@media screen and (max-width:740px){main{margin:16px;width:auto}.reach,.two{grid-template-columns:1fr}
section{overflow-x:auto}}
@media print{main{margin:0 auto;zoom:.97}}
"""
