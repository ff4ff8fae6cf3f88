// One view of the grid: rows and what is open in it, drawn by Tabulator; it computes no figure of a plan.
import { TabulatorFull as Tabulator } from "tabulator-tables";
import { escaped } from "./format.js";
import { findingsBox, refusalBox } from "./boxes.js";
import { columnsOf } from "./columns.js";
import { Cursor } from "./cursor.js";

const ALL_OPEN = 60;  // up to so many rows everything is open at first
const BEYOND = 160;  // px of rows drawn above and below what is seen: every one of them is drawn again with a new plan
let views = 0;

export class View {
  constructor(el, send) {
    views += 1;
    this.id = `sf-g-${views}`;
    this.send = send;
    this.post = () => {};
    this.rows = new Map();
    this.drawn = new Map();
    this.open = null;
    this.search = "";
    this.refusal = null;
    this.pending = new Map();
    this.root = document.createElement("div");
    this.root.className = "sf-g";
    this.root.dataset.lmSuppressShortcuts = "true";
    this.root.innerHTML = '<div class="sf-g-bar"><input type="search"><button type="button" class="sf-g-all"></button>'
      + '<button type="button" class="sf-g-none"></button><button type="button" class="sf-g-months"></button>'
      + '<span class="sf-g-note" role="status"></span></div><div class="sf-g-waits" role="alert" hidden></div>'
      + '<div class="sf-g-table" tabindex="0" role="group"></div>';
    el.append(this.root);
    const part = (name) => this.root.querySelector(name);
    this.finder = part("input");
    this.holder = part(".sf-g-table");
    this.note = part(".sf-g-note");
    this.waits = part(".sf-g-waits");
    this.finder.addEventListener("input", () => this.find(this.finder.value));
    part(".sf-g-all").addEventListener("click", () => this.openAll(true));
    part(".sf-g-none").addEventListener("click", () => this.openAll(false));
    part(".sf-g-months").addEventListener("click", () => this.send({ event: "months", on: !this.page.months.length }));
    this.cursor = new Cursor(this);
  }

  // ---- what the kernel says

  all(message) {
    this.page = message.page;
    const columns = message.rows;
    const names = Object.keys(columns);
    this.rows = new Map();
    columns.node.forEach((node, at) => {
      const row = { at, parts: 0 };
      for (const name of names) row[name] = columns[name][at];
      this.rows.set(node, row);
      if (row.parent !== null) this.rows.get(row.parent).parts += 1;
    });
    this.nodes = columns.node;
    if (this.open === null) {
      const wide = this.nodes.length > ALL_OPEN;
      this.open = new Set(this.nodes.filter((node) => !wide || this.rows.get(node).depth < 2));
    }
    const { words } = this.page;
    this.finder.placeholder = words.find;
    this.finder.setAttribute("aria-label", words.find);
    this.root.querySelector(".sf-g-all").textContent = words.open_all;
    this.root.querySelector(".sf-g-none").textContent = words.close_all;
    this.root.querySelector(".sf-g-months").textContent = this.page.months.length ? words.hide_months : words.show_months;
    this.holder.setAttribute("aria-label", words.grid);
    this.say(words.editable);
    this.shown = null;
    this.draw();
  }

  draw() {
    if (this.table) this.table.destroy();
    this.drawn.clear();
    const place = document.createElement("div");
    this.holder.replaceChildren(place);
    this.built = false;
    this.table = new Tabulator(place, {
      data: this.nodes.map((id) => ({ id })), index: "id", columns: columnsOf(this), height: "100%",
      layout: "fitColumns", renderVertical: "virtual", renderVerticalBuffer: BEYOND, columnHeaderVertAlign: "bottom", frozenRows: ["/"],
      initialFilter: (data) => this.isShown(data.id), placeholder: "", columnDefaults: { headerSort: false },
      rowFormatter: (row) => this.dress(row),
    });
    this.table.on("tableBuilt", () => {
      this.built = true;
      this.table.getRows().forEach((row) => this.drawn.set(row.getIndex(), row));
      this.cursor.show();
    });
    this.table.on("rowClick", (event, row) => this.clicked(event, row));
  }

  patch(message) {
    Object.assign(this.page, message.page);
    const names = Object.keys(message.fields);
    message.at.forEach((at, place) => {
      const row = this.rows.get(this.nodes[at]);
      for (const name of names) row[name] = message.fields[name][place];
    });
    const moved = message.at.map((at) => this.nodes[at]);
    this.redraw(message.page.common_moved ? this.nodes : moved);
    this.say(this.page.words.editable);  // what was said of the act before is over; the answer says what this one did
  }

  answer(message) {
    const mine = [...this.pending.keys()].filter((key) => this.pending.get(key).id === message.edit_id);
    for (const key of mine) this.pending.delete(key);
    if (message.findings?.length) this.findings(message);
    if (message.told) this.say(message.told);
    this.redraw(mine.map((key) => key.split("\n")[0]));
  }

  refused(refusal) {
    const nodes = [this.refusal?.node, refusal?.node].filter((node) => node !== undefined && node !== null);
    this.refusal = refusal;
    if (refusal) this.reveal(refusal.node);
    for (const node of nodes) this.drawn.get(node)?.reformat();
    if (refusal) this.drawn.get(refusal.node)?.scrollTo("nearest", false).catch(() => {});
  }

  waiting(count) {
    this.waits.hidden = !count;
    if (this.page) this.waits.textContent = this.page.words.waiting.replace("{count}", count);
  }

  say(text) { this.note.textContent = text; this.note.title = text; }

  // ---- drawing

  redraw(nodes) {
    if (!this.built) return;
    for (const node of nodes) {
      const row = this.drawn.get(node)?._row;
      if (!row?.initialized) continue;
      if (!row.element?.isConnected) { row.deinitialize(); continue; }  // drawn anew when it comes into sight
      for (const cell of row.cells) {
        const { element } = cell;
        if (element.firstElementChild?.tagName === "INPUT") continue;
        const before = element.drawnAs;
        const drawn = cell.column.definition.formatter(cell.getComponent());
        if (drawn !== before) element.innerHTML = drawn;
      }
    }
  }

  mark(element, row, field) {
    const waits = this.pending.get(`${row.node}\n${field}`);
    element.classList.toggle("sf-g-waiting", waits !== undefined);
    const refused = this.refusal?.node === row.node && this.refusal.field === field;
    element.classList.toggle("sf-g-refused", refused);
    this.cursor.mark(element, row.node, field);
  }

  // What was typed, where the plan does not say it: refused, or not answered yet.
  typed(row, field) {
    if (this.refusal?.node === row.node && this.refusal.field === field) return escaped(this.refusal.text);
    const waits = this.pending.get(`${row.node}\n${field}`);
    return waits?.text ? escaped(waits.text) : undefined;
  }

  dress(row) {
    const node = row.getIndex();
    const element = row.getElement();
    const { depth } = this.rows.get(node);
    element.dataset.node = node;
    element.classList.toggle("sf-g-upper", depth < 2);
    element.classList.toggle("sf-g-on", node === this.selected);
    element.querySelector(".sf-g-refusal")?.remove();
    if (this.refusal?.node === node) {
      const box = refusalBox(this, this.refusal);
      box.style.width = `${this.holder.clientWidth - 16}px`;
      element.append(box);
    }
  }

  findings(answer) {
    this.closeFindings();
    this.root.append(findingsBox(this, answer));
    this.root.querySelector(".sf-g-findings button")?.focus();
  }

  closeFindings() {
    this.root.querySelector(".sf-g-findings")?.remove();
    this.holder.focus();
  }

  // ---- the tree

  isOpen(node) { return Boolean(this.search) || this.open.has(node); }

  isShown(node) {
    if (!this.shown) this.listShown();
    return this.shown.has(node);
  }

  listShown() {
    const shown = new Set();
    const wanted = this.search.trim().toLowerCase();
    for (const node of this.nodes) {
      const row = this.rows.get(node);
      if (wanted) {
        if (!row.label.toLowerCase().includes(wanted)) continue;
        for (let at = row; at; at = at.parent === null ? null : this.rows.get(at.parent)) shown.add(at.node);
      } else if (row.parent === null || (shown.has(row.parent) && this.open.has(row.parent))) shown.add(node);
    }
    this.shown = shown;
    this.order = this.nodes.filter((node) => shown.has(node));
  }

  folded() {
    this.shown = null;
    this.listShown();
    if (!this.built) return;
    this.table.refreshFilter();
    this.redraw(this.order);
  }

  toggle(node, open = !this.open.has(node)) {
    if (this.rows.get(node).leaf) return;
    this.open[open ? "add" : "delete"](node);
    this.folded();
  }

  reveal(node) {
    for (let at = this.rows.get(node)?.parent; at !== null && at !== undefined; at = this.rows.get(at).parent) this.open.add(at);
    if (!this.isShown(node)) { this.search = this.finder.value = ""; this.folded(); }
  }

  openAll(open) {
    this.open = new Set(open ? this.nodes : ["/"]);
    this.folded();
  }

  find(text) {
    this.search = text;
    this.folded();
  }

  // ---- what the planner does

  clicked(event, row) {
    const node = row.getIndex();
    const field = event.target.closest(".tabulator-cell")?.dataset.field;
    if (event.target.closest(".sf-g-refusal") || event.target.tagName === "INPUT") return;
    if (event.target.closest(".sf-g-open")) { this.toggle(node); return; }
    if (field === "lock" && node !== "/") this.edit([[node, "lock", ""]]);
    if (field) this.cursor.go(node, field, { stretch: event.shiftKey });
    if (event.detail === 2) this.cursor.type();
  }

  select(node) {
    const before = this.selected;
    this.selected = node;
    for (const at of [before, node]) {
      const row = this.drawn.get(at)?._row;
      if (row?.element) row.element.classList.toggle("sf-g-on", at === node);
    }
  }

  edit(cells) {
    const id = this.post({ event: "edit", cells });
    for (const [node, field, text] of cells) this.pending.set(`${node}\n${field}`, { id, text });
    this.redraw(cells.map(([node]) => node));
  }

  repair(at) { this.post({ event: "repair", at }); this.holder.focus(); }
  discard() { this.send({ event: "discard" }); this.holder.focus(); }
  pasteGood(cells) { this.closeFindings(); this.post({ event: "edit", cells, good_only: true }); }

  close() { this.table?.destroy(); }
}
