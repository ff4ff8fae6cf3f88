// The target grid: shows what the kernel says and sends what the planner does. See target_grid.py for the messages.
import "./target_grid.css";
import { Outbox } from "./outbox.js";
import { View } from "./view.js";

function render({ model, el }) {
  // A kernel that is gone takes nothing; what must not be lost stays in the outbox.
  const send = (message) => {
    try { Promise.resolve(model.send(message)).catch(() => {}); } catch { /* tried again by the outbox */ }
  };
  const view = new View(el, send);
  const outbox = new Outbox(model.get("kept_under"), send, (count) => view.waiting(count));
  view.post = (message) => outbox.post(message);
  const hear = (message) => {
    if (message.event === "all") {
      view.all(message);
      view.select(message.selected);
      view.refused(message.refusal);
      outbox.waiting.forEach(send);
    } else if (message.event === "patch") view.patch(message);
    else if (message.event === "refusal") view.refused(message.refusal);
    else if (message.event === "select") {
      view.select(message.node);
      if (view.rows.has(message.node) && view.cursor.at.node !== message.node) view.cursor.go(message.node, view.cursor.at.field);
    } else if (message.event === "answer") {
      outbox.answered(message.edit_id);
      view.answer(message);
    }
  };
  model.on("msg:custom", hear);
  model.send({ event: "ready" });
  return () => {
    model.off("msg:custom", hear);
    outbox.close();
    view.close();
  };
}

export default { render };
