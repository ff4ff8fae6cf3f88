// The columns: what we know, what we allow, what we ask, what it means.
import { amount, chance, chanceBar, escaped, missing, padlock, points, rangeBar, triangle } from "./format.js";

export const EDITABLE = ["floor", "ceiling", "target"];
const RIGHT = "right";

function cellOf(view, field, draw, options = {}) {
  const { words } = view.page;
  return {
    title: escaped(options.title ?? words[field]), field, headerSort: false, resizable: false,
    hozAlign: options.left ? "left" : RIGHT, headerHozAlign: options.left ? "left" : RIGHT,
    headerWordWrap: true,
    width: options.width, minWidth: options.width ?? 60, widthGrow: options.grow ?? 0, widthShrink: 0,
    frozen: options.frozen ?? false, cssClass: `sf-g-${field}${options.css ? ` ${options.css}` : ""}`,
    formatter: (cell) => {
      const row = view.rows.get(cell.getRow().getIndex());
      const element = cell.getElement();
      element.dataset.field = field;
      element.id = `${view.id}-${row.at}-${field}`;
      view.mark(element, row, field);
      const drawn = draw(row, element);
      element.drawnAs = view.typed(row, field) ?? drawn;
      return element.drawnAs;
    },
  };
}

function unitName(view, row) {
  const open = view.isOpen(row.node);
  const twist = row.leaf ? '<span class="sf-g-no-twist"></span>' : `<span class="sf-g-open">${triangle(open)}</span>`;
  const count = row.leaf || open ? "" : ` <span class="sf-g-count">${row.parts}</span>`;
  return `<span style="padding-left:${8 * row.depth}px">${twist}${escaped(row.label)}${count}</span>`;
}

export function columnsOf(view) {
  const { page } = view;
  const { words } = page;
  const top = view.rows.get(view.nodes[0]);
  const units = [...view.rows.values()].filter((row) => row.depth === 1);
  const wide = (amounts) => 7 * Math.max(0, ...amounts.map((each) => amount(each, page).length - 6));
  const room = (field) => wide([top[field]]);  // px: figures in a small unit are long
  const inside = wide(units.map((row) => row.target));  // no figure below the company is longer
  const money = (field, width, options = {}) => cellOf(view, field, (row) => amount(row[field], page), { width: width + room(field), ...options });
  const limit = (field) => cellOf(view, field, (row, element) => {
    element.classList.toggle("sf-g-set", !missing(row[field]));
    return amount(row[field], page);
  }, { width: 50 + inside });
  const share = (field) => cellOf(view, field, (row) => points(row[field], page), { width: 50 });
  const group = (title, columns, css) => ({ title: escaped(title), columns, cssClass: css, headerHozAlign: "left" });
  const capacity = page.has_capacity ? [cellOf(view, "capacity", (row) => amount(row.capacity, page), { width: 56 + wide([...view.rows.values()].map((row) => row.capacity)) })] : [];
  const months = page.months.map((name, at) => cellOf(
    view, `month${at}`, (row) => amount(row.months?.[at], page), { width: 54 + room("target"), title: name }));
  const known = [money("baseline", 56), money("forecast", 56),
    cellOf(view, "range", (row) => rangeBar(row, page), { width: 66, left: true }), ...capacity];
  const asked = [cellOf(view, "target", (row, element) => {
    element.classList.toggle("sf-g-locked", row.lock);
    element.classList.toggle("sf-g-hand", Boolean(row.hand));
    return amount(row.target, page);
  }, { width: 62 + room("target") }), ...months];
  const means = [share("growth"), share("stretch"),
    cellOf(view, "chance", (row, element) => {
      element.classList.toggle("sf-g-low", !missing(row.chance) && row.chance < page.low);
      return `${chanceBar(row.chance, page)} ${chance(row.chance, page)}`;
    }, { width: 86, left: true }),
    cellOf(view, "lock", (row) => (row.at ? padlock(row.lock, words) : ""), { width: 24, left: true, title: "" }),
    cellOf(view, "limit", (row, element) => {
      element.title = row.limit;
      return escaped(row.limit);
    }, { grow: 1, left: true })];
  return [
    cellOf(view, "unit", (row, element) => {
      element.title = row.label;
      return unitName(view, row);
    }, { width: page.has_capacity && inside ? 120 : 150, left: true, frozen: true, title: `${words.unit} (${page.unit})` }),
    group(words.we_know, known, "sf-g-group"),
    group(words.we_allow, [limit("floor"), limit("ceiling")], "sf-g-group"),
    group(words.we_ask, asked, "sf-g-group sf-g-asked"),
    group(words.it_means, means, "sf-g-group"),
  ];
}
