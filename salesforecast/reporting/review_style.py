"""The review page's style sheet, for screen and for A4 paper laid across."""

CSS = """
@page{size:A4 landscape;margin:9mm}
html{background:#fff}body{margin:0}
.review{color:#1d2329;background:#fff;font:12px/1.4 "Segoe UI","PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC","Noto Sans",system-ui,Arial,sans-serif;font-variant-numeric:tabular-nums lining-nums;
-webkit-print-color-adjust:exact;print-color-adjust:exact;max-width:1400px;margin:0 auto}
main.review{padding:0 16px 24px}
.review svg text{font-family:inherit}
.review header{border-bottom:1px solid #1d2329;padding:12px 0 5px;color:#4d5761}
.review h1{font-size:19px;line-height:1.3;font-weight:600;margin:10px 0 2px}
.review .lead{margin:0 0 8px;color:#4d5761;font-size:13px;max-width:none}
.review h2{font-size:13px;font-weight:600;margin:12px 0 4px}
.review table.t{border-collapse:collapse;width:100%;font-size:12px}
.review .t.q{width:auto;min-width:50%}
.review .t th{font-weight:400;font-size:11px;color:#4d5761;padding:2px 5px;line-height:1.2;
border-bottom:1px solid #69737d;vertical-align:bottom;text-align:left;background:#fff}
.review .t td{padding:0 5px;height:25px;white-space:nowrap;border-bottom:1px solid #eceff2;
text-align:left;background:#fff;color:#1d2329}
.review .t .n{text-align:right}
.review .t tr.l0 td,.review .t td.tg{font-weight:600}
.review .t td.m{text-align:right;padding:0 4px;border-left:1px solid #fff;border-bottom:1px solid #fff}
.review .m small{display:inline-block;font-size:10.5px;min-width:32px;text-align:right;font-weight:400}
.review .m small svg{margin-right:2px}
.review .t td.up,.review .key .up{background:#dff1ea}.review .t td.dn,.review .key .dn{background:#fbdccb}
.review .t td.eq,.review .key .eq{background:#fff3c4}
.review .up small,.review .up b,.review .key .up{color:#00664f}
.review .dn small,.review .dn b,.review .key .dn{color:#a63603}
.review .eq small,.review .eq b,.review .key .eq{color:#6b5200}
.review .t td.nd small{color:#69737d;min-width:0}
.review .t td.low{color:#a63603;font-weight:700}
.review .t .ih td{height:22px;border-bottom:1px solid #69737d;color:#4d5761;font-size:11px;vertical-align:bottom}
.review .fl{margin-left:5px;vertical-align:-1px;flex:none}
.review .key{display:flex;flex-wrap:wrap;gap:14px;color:#4d5761;font-size:11.5px;margin:5px 0 0}
.review .key span{padding:0 6px}
.review .three{display:grid;grid-template-columns:480px minmax(260px,1fr) 330px;gap:22px}
.review .w{display:flex;gap:6px;border-top:1px solid #eceff2;padding:4px 0}
.review .w .fl{margin:4px 2px 0 0}.review .w p{margin:0;line-height:1.35}
.review .note{color:#4d5761;font-size:11.5px;margin:4px 0 0}
.review .scroll{overflow-x:auto}
.review tr,.review section,.review .w{break-inside:avoid}
@media(max-width:1150px){.review .three{grid-template-columns:minmax(0,1fr)}.review section{overflow-x:auto}}
@media print{.review .three{grid-template-columns:470px 1fr 324px;gap:12px}main.review{zoom:.72;padding:0}}
"""
