// What is said inside the grid: a refusal under its row, the findings of a paste, a line above.
import { escaped } from "./format.js";

function button(words, act, first) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  if (first) made.className = "sf-g-first";
  made.addEventListener("click", (event) => { event.stopPropagation(); act(); });
  return made;
}

export function refusalBox(view, refusal) {
  const box = document.createElement("div");
  box.className = "sf-g-refusal";
  box.setAttribute("role", "alert");
  const text = document.createElement("div");
  text.innerHTML = `<b>${escaped(refusal.head)}</b> ${escaped(refusal.why)} ${escaped(refusal.stayed)}`;
  const ways = document.createElement("div");
  const preview = document.createElement("p");  // what the way under the pointer or the keys would do
  preview.className = "sf-g-preview";
  preview.setAttribute("aria-live", "polite");
  refusal.ways.forEach((words, at) => {
    const way = button(words, () => view.repair(at), at === 0);
    way.title = refusal.effects[at];
    for (const kind of ["mouseenter", "focus"]) way.addEventListener(kind, () => { preview.textContent = refusal.effects[at]; });
    ways.append(way);
  });
  ways.append(button(view.page.words.discard, () => view.discard()));
  preview.textContent = refusal.effects[0] ?? "";
  box.append(text, ways, preview);
  return box;
}

export function findingsBox(view, answer) {
  const box = document.createElement("div");
  box.className = "sf-g-findings";
  box.setAttribute("role", "alertdialog");
  const items = answer.findings.map((found) => `<li class="sf-g-${found.kind}">${escaped(found.words)}</li>`);
  box.innerHTML = `<b>${escaped(answer.head)}</b><ul>${items.join("")}</ul>`;
  const ways = document.createElement("div");
  if (answer.again) ways.append(button(answer.apply, () => view.pasteGood(answer.again), true));
  ways.append(button(answer.close, () => view.closeFindings()));
  box.append(ways);
  return box;
}
