// Edits on their way: kept in the browser until the kernel has answered, and sent again.
const AGAIN = 4000;   // ms without an answer until edits are sent again and the planner is told
const OLD = 12 * 3600 * 1000;  // ms after which edits of a session that is gone are forgotten

export class Outbox {
  constructor(key, send, told) {
    this.key = `salesforecast-edits-${key}`;
    this.send = send;
    this.told = told;
    this.waiting = this.read();
    this.clock = setInterval(() => this.again(), AGAIN);
  }

  read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return kept.filter((edit) => Date.now() - edit.made < OLD);
    } catch { return []; }
  }

  keep() {
    try { localStorage.setItem(this.key, JSON.stringify(this.waiting)); } catch { /* a browser that keeps nothing */ }
    this.told(this.waiting.filter((edit) => Date.now() - edit.made > AGAIN / 2).length);
  }

  post(message) {
    const edit = { ...message, edit_id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, made: Date.now() };
    this.waiting.push(edit);
    this.send(edit);
    this.keep();
    return edit.edit_id;
  }

  answered(id) {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter((edit) => edit.edit_id !== id);
    if (this.waiting.length !== before) this.keep();
  }

  again() {
    for (const edit of this.waiting) if (Date.now() - edit.made > AGAIN) this.send(edit);
    if (this.waiting.length) this.keep();
  }

  close() { clearInterval(this.clock); }
}
