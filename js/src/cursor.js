// The cell where the planner is, the block he marked, and every key.
import { EDITABLE } from "./columns.js";
import { missing } from "./format.js";

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  PageUp: [-12, 0], PageDown: [12, 0], Home: [0, -99], End: [0, 99] };
const SELECT = 80;  // ms that the cursor rests on a row before its unit is shown at the right

export class Cursor {
  constructor(view) {
    this.view = view;
    this.at = { node: "/", field: "target" };
    this.from = this.at;
    const { holder, root } = view;
    holder.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("keydown", (event) => this.anywhere(event));
    holder.addEventListener("copy", (event) => this.copy(event));
    holder.addEventListener("paste", (event) => this.paste(event));
  }

  get fields() { return this.view.table.getColumns().map((column) => column.getField()); }
  get typing() { return this.view.holder.querySelector(".tabulator-cell input"); }

  element(node, field) {
    const row = this.view.drawn.get(node)?._row;
    return row?.cells.find((cell) => cell.column.field === field)?.element;
  }

  block() {
    const { order } = this.view;
    const rows = [order.indexOf(this.from.node), order.indexOf(this.at.node)].sort((a, b) => a - b);
    const columns = [this.fields.indexOf(this.from.field), this.fields.indexOf(this.at.field)].sort((a, b) => a - b);
    return { nodes: order.slice(Math.max(rows[0], 0), rows[1] + 1), fields: this.fields.slice(columns[0], columns[1] + 1) };
  }

  mark(element, node, field) {
    element.classList.toggle("sf-g-at", node === this.at.node && field === this.at.field);
    element.classList.toggle("sf-g-in", Boolean(this.marked?.has(`${node}\n${field}`)));
  }

  show() {
    const { view } = this;
    if (!view.built) return;
    const { nodes, fields } = this.block();
    this.marked = nodes.length * fields.length > 1
      ? new Set(nodes.flatMap((node) => fields.map((field) => `${node}\n${field}`))) : null;
    for (const cell of view.holder.querySelectorAll(".tabulator-cell[data-field]")) {
      const node = cell.closest(".tabulator-row")?.dataset.node;
      this.mark(cell, node, cell.dataset.field);
    }
    const element = this.element(this.at.node, this.at.field);
    if (element?.isConnected) view.holder.setAttribute("aria-activedescendant", element.id);
    else view.holder.removeAttribute("aria-activedescendant");
  }

  go(node, field, { stretch = false } = {}) {
    const { view } = this;
    this.commit();
    this.at = { node, field };
    if (!stretch) this.from = this.at;
    if (!view.holder.contains(document.activeElement) || !stretch) view.holder.focus({ preventScroll: true });
    if (node !== "/") view.drawn.get(node)?.scrollTo("nearest", false).catch(() => {});
    this.show();
    clearTimeout(this.later);
    view.select(node);
    this.later = setTimeout(() => view.send({ event: "select", node }), SELECT);  // the same again changes nothing
  }

  move([down, right], stretch) {
    const { order } = this.view;
    const { fields } = this;
    const clamp = (value, most) => Math.min(Math.max(value, 0), most);
    const row = clamp(order.indexOf(this.at.node) + down, order.length - 1);
    const column = clamp(fields.indexOf(this.at.field) + right, fields.length - 1);
    this.go(order[row], fields[column], { stretch });
  }

  next(back) {
    const { fields } = this;
    let at = fields.indexOf(this.at.field);
    do { at += back ? -1 : 1; } while (fields[at] && !EDITABLE.includes(fields[at]));
    if (fields[at]) this.go(this.at.node, fields[at]);
  }

  // ---- typing

  type(first) {
    const { view } = this;
    const { node, field } = this.at;
    if (!EDITABLE.includes(field) || (node === "/" && field !== "target")) return;
    const cell = this.element(node, field);
    if (!cell) return;
    const input = document.createElement("input");
    const value = view.rows.get(node)[field];
    const waits = view.refusal?.node === node && view.refusal.field === field ? view.refusal.text : undefined;
    input.value = first ?? waits ?? (missing(value) ? "" : String(value / view.page.divisor));
    input.setAttribute("aria-label", `${view.rows.get(node).label}, ${view.page.words[field]}`);
    cell.drawnAs = undefined;  // whatever stood here is to be drawn again
    cell.replaceChildren(input);
    input.focus();
    if (first === undefined) input.select();
    input.dataset.was = first === undefined ? input.value : "";
    input.addEventListener("blur", () => this.commit());
  }

  commit() {
    const input = this.typing;
    if (!input || input.dataset.done) return;
    const { node, field } = this.at;
    const { value } = input;
    const same = value === input.dataset.was && !this.view.refusal;
    input.dataset.done = "yes";
    if (!same) this.view.edit([[node, field, value]]);  // sent first: the kernel works while the cell is drawn
    this.stop(input);
  }

  stop(input = this.typing) {
    if (!input) return;
    input.dataset.done = "yes";
    this.view.holder.focus({ preventScroll: true });  // while the input is there: the focus moves once
    input.remove();
    this.view.redraw([this.at.node]);
  }

  // ---- keys

  anywhere(event) {
    const control = event.ctrlKey || event.metaKey;
    const name = event.key.toLowerCase();
    if (event.target.tagName === "INPUT") {
      if (event.target === this.view.finder && name === "escape") { this.view.finder.value = ""; this.view.find(""); }
      return;
    }
    if (name === "escape" && this.view.root.querySelector(".sf-g-findings")) this.view.closeFindings();
    else if (control && name === "z" && !event.shiftKey) this.view.post({ event: "undo" });
    else if (control && (name === "y" || (name === "z" && event.shiftKey))) this.view.post({ event: "redo" });
    else if (event.key === "/" && !control) this.view.finder.focus();
    else return;
    event.preventDefault();
  }

  key(event) {
    if (event.target.tagName === "BUTTON") {
      if (event.key === "Escape") { this.view.discard(); event.preventDefault(); }
      return;
    }
    const done = event.target.tagName === "INPUT" ? this.keyTyping(event) : this.keyMoving(event);
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }

  keyTyping(event) {
    if (event.key === "Escape") this.stop();
    else if (event.key === "Enter") { this.commit(); if (event.shiftKey) this.move([-1, 0], false); }
    else if (event.key === "Tab") { this.commit(); this.next(event.shiftKey); }
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") { this.commit(); this.move(STEPS[event.key], false); }
    else { event.stopPropagation(); return false; }
    return true;
  }

  keyMoving(event) {
    const { view } = this;
    const { node, field } = this.at;
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === "d") return this.fillDown();
    if (control || event.altKey) return false;
    if (field === "unit" && (event.key === "ArrowRight" || event.key === "ArrowLeft") && !view.rows.get(node).leaf
        && view.isOpen(node) !== (event.key === "ArrowRight")) { view.toggle(node, event.key === "ArrowRight"); return true; }
    if (STEPS[event.key]) { this.move(STEPS[event.key], event.shiftKey); return true; }
    if (event.key === "Escape") { if (view.refusal) view.discard(); this.from = this.at; this.show(); return true; }
    if (event.key === "Enter" || event.key === "F2") return this.enter();
    if (event.key === " " && field === "lock") return this.enter();
    if (event.key === "Delete" || event.key === "Backspace") return this.clear();
    if (event.key === "Process" && EDITABLE.includes(field)) { this.type(""); return false; }  // an input method begins
    if (/^[0-9０-９+−.,-]$/.test(event.key) && EDITABLE.includes(field)) { this.type(event.key); return true; }
    return false;
  }

  enter() {
    const { node, field } = this.at;
    if (field === "lock" && node !== "/") this.view.edit([[node, "lock", ""]]);
    else if (field === "unit") this.view.toggle(node);
    else this.type();
    return true;
  }

  cells(text) {
    const { nodes, fields } = this.block();
    return nodes.flatMap((node) => fields.filter((field) => EDITABLE.includes(field)).map((field) => [node, field, text(node, field)]));
  }

  clear() {
    const cells = this.cells(() => "").filter(([node]) => node !== "/");
    if (cells.length) this.view.edit(cells);
    return true;
  }

  fillDown() {
    const { nodes } = this.block();
    const top = this.view.rows.get(nodes[0]);
    const { divisor } = this.view.page;
    const cells = this.cells((node, field) => (missing(top[field]) ? "" : String(top[field] / divisor)));
    const below = cells.filter(([node]) => node !== nodes[0]);
    if (below.length) this.view.edit(below);
    return true;
  }

  // ---- the clipboard

  copy(event) {
    if (event.target.tagName === "INPUT") return;
    const { nodes, fields } = this.block();
    const { view } = this;
    const said = (node, field) => this.plain(view.rows.get(node), field);
    const lines = nodes.map((node) => fields.map((field) => said(node, field)).join("\t"));
    event.clipboardData.setData("text/plain", lines.join("\n"));
    event.preventDefault();
  }

  plain(row, field) {
    const { divisor } = this.view.page;
    if (field === "unit") return row.label;
    if (field === "lock") return row.lock ? "1" : "";
    if (field.startsWith("month")) return String((row.months?.[Number(field.slice(5))] ?? 0) / divisor);
    const value = row[field];
    if (missing(value)) return "";
    return ["baseline", "forecast", "capacity", "floor", "ceiling", "target"].includes(field) ? String(value / divisor) : String(value);
  }

  paste(event) {
    if (event.target.tagName === "INPUT") return;
    event.preventDefault();
    const text = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
    if (!text) return;
    const lines = text.split(/\r?\n/).map((line) => line.split("\t"));
    const { order } = this.view;
    const { fields } = this;
    const block = this.block();
    const row = order.indexOf(block.nodes[0]);
    const column = fields.indexOf(block.fields[0]);
    const cells = [];
    lines.forEach((parts, down) => parts.forEach((part, right) => {
      cells.push([order[row + down] ?? null, fields[column + right] ?? null, part]);
    }));
    this.view.edit(cells);
  }
}
