// Figures and small drawings of a row; the number rules are those of salesforecast/reporting/wording.py.
const MINUS = "−";
const rounded = (decimals) => new Intl.NumberFormat("en-US", {
  minimumFractionDigits: decimals, maximumFractionDigits: decimals, roundingMode: "halfEven",
});
const WHOLE = rounded(0);
const TENTH = rounded(1);
const known = new Map();

function decimals(count) {
  if (!known.has(count)) known.set(count, rounded(count));
  return known.get(count);
}

export const missing = (value) => value === null || value === undefined;
export const escaped = (text) => String(text).replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);

export function amount(value, page) {
  if (missing(value)) return page.words.none;
  const shown = value / page.divisor;
  const size = Math.abs(shown);
  const tenth = page.divisor > 1 && size >= 0.05 && size < 0.95 && shown % 1 !== 0;
  const text = (page.decimals ? decimals(page.decimals) : tenth ? TENTH : WHOLE).format(size);
  return shown < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

export function points(fraction, page) {
  if (missing(fraction)) return page.words.none;
  const share = Math.abs(fraction) * 100;
  const text = (share < 999.95 ? TENTH : WHOLE).format(share);
  return (text === "0.0" ? "" : fraction > 0 ? "+" : MINUS) + text;
}

export function chance(fraction, page) {
  if (missing(fraction)) return page.words.none;
  let kept = fraction;
  if (fraction > 0 && fraction < 0.01) kept = 0.01;
  if (fraction > 0.99 && fraction < 1) kept = 0.99;
  return WHOLE.format(kept * 100) + (page.language === "zh" ? "%" : "\u00a0%");
}

export function rangeBar(row, page) {
  if (!(row.forecast > 0) || missing(row.low)) return "";
  const width = 56;
  const x = (value) => {
    const share = (value / row.forecast - 1) / page.reach;
    return width / 2 + (width / 2 - 4) * Math.min(Math.max(share, -1), 1);
  };
  const low = x(row.low);
  const at = x(row.target).toFixed(1);
  return `<svg width="${width}" height="12" aria-hidden="true">`
    + `<rect x="${low.toFixed(1)}" y="4" width="${(x(row.high) - low).toFixed(1)}" height="4" class="sf-g-range"/>`
    + `<path d="M${width / 2} 2v8" class="sf-g-mean"/><path d="M${at} 7l3 5h-6z" class="sf-g-mark"/></svg>`;
}

export function chanceBar(fraction, page) {
  if (missing(fraction)) return "";
  const width = 36;
  const low = fraction < page.low ? " sf-g-low" : "";
  const tick = missing(page.common) ? "" : `<path d="M${(width * page.common).toFixed(1)} 0v12" class="sf-g-tick"/>`;
  return `<svg width="${width}" height="12" aria-hidden="true"><rect y="2" width="${width}" height="8" class="sf-g-back"/>`
    + `<rect y="2" width="${(width * fraction).toFixed(1)}" height="8" class="sf-g-chance${low}"/>${tick}</svg>`;
}

export function padlock(closed, words) {
  const bow = closed ? "M2 5V3a2.5 2.5 0 0 1 5 0v2" : "M2 5V3a2.5 2.5 0 0 1 5 0";
  const name = closed ? words.locked : words.unlocked;
  return `<svg width="9" height="11" role="img" aria-label="${escaped(name)}" class="sf-g-lock${closed ? " sf-g-closed" : ""}">`
    + `<rect x="0" y="5" width="9" height="6"/><path d="${bow}"/></svg>`;
}

export function triangle(open) {
  return `<svg width="9" height="9" aria-hidden="true" class="sf-g-twist"><path d="${open ? "M0 2h9l-4.5 6z" : "M2 0v9l6-4.5z"}"/></svg>`;
}
