// What only a browser can do: hand over a file, hear a click in a picture, know that the kernel is away.
const PING = 5000;      // ms between two signs of life
const AWAY = 12000;     // ms without an answer until the planner is told
const SLOW = 200;       // ms after which a recalculation is said
const ASK = 100;        // ms after a gesture until the kernel is asked whether it is done: quick acts are over by then
const NAMING = 120;     // ms after which what was drawn is named for screen readers, all at once

const GESTURES = ["click", "change", "pointerup", "keyup"];

function save(name, kind, bytes) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: kind }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function tour(model, element) {
  const words = model.get("tour");
  if (!words.length || localStorage.getItem("salesforecast-tour")) return;
  const box = document.createElement("div");
  box.className = "sf-tour";
  box.setAttribute("role", "note");
  const list = document.createElement("ol");
  const button = document.createElement("button");
  const fill = () => {
    list.replaceChildren(...model.get("tour").map((sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    }));
    button.textContent = model.get("tour_end");
  };
  fill();
  model.on("change:tour", fill);
  model.on("change:tour_end", fill);
  button.onclick = () => {
    try { localStorage.setItem("salesforecast-tour", "seen"); } catch { /* a browser that keeps nothing */ }
    box.remove();
  };
  box.append(list, button);
  element.append(box);
}

function render({ model, el }) {
  el.className += " sf-page";
  const screen = () => el.closest(".sf-screen") ?? document;
  let heard = Date.now();
  const away = document.createElement("div");
  away.className = "sf-away";
  away.setAttribute("role", "alert");
  away.hidden = true;
  el.append(away);

  let slow = 0;
  const busy = (is) => screen().classList?.toggle("sf-busy", is);
  // The kernel answers in order: when the answer to a sign comes, all that was done before is done.
  const done = () => { clearTimeout(slow); slow = 0; busy(false); };
  let asking = 0;
  const ask = () => { asking = 0; model.send({ event: "did" }); };
  const did = () => {
    slow ||= setTimeout(() => busy(true), SLOW);
    asking ||= setTimeout(ask, ASK);
  };
  const onMessage = (message, buffers) => {
    heard = Date.now();
    away.hidden = true;
    if (message.event === "done") done();
    if (message.event === "file") save(message.name, message.kind, buffers[0]);
  };
  model.on("msg:custom", onMessage);

  const beat = setInterval(() => {
    model.send({ event: "alive" });
    if (Date.now() - heard > AWAY) {
      away.textContent = model.get("away");
      away.hidden = false;
    }
  }, PING);

  const acted = (event) => { if (screen().contains(event.target)) did(); };
  const choose = (event) => {
    const at = event.target.closest?.("[data-sf-node]");
    if (!at || !screen().contains(at)) return;
    if (event.type === "keydown" && event.key !== "Enter") return;
    model.send({ event: "select", node: at.getAttribute("data-sf-node") });
  };
  const keys = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s" && screen().contains(document.activeElement)) {
      event.preventDefault();
      event.stopPropagation();
      model.send({ event: "save" });
    }
    choose(event);
  };
  const leave = (event) => { if (model.get("unsaved")) event.preventDefault(); };
  for (const kind of GESTURES) document.addEventListener(kind, acted);
  document.addEventListener("click", choose);
  document.addEventListener("keydown", keys, true);
  window.addEventListener("beforeunload", leave);

  const name = () => {
    for (const [selector, words] of Object.entries(model.get("names"))) {
      for (const at of screen().querySelectorAll(selector)) {
        if (at.getAttribute("aria-label") !== words) at.setAttribute("aria-label", words);
        if (at.tagName === "DIV" && !at.hasAttribute("role")) at.setAttribute("role", "region");
        if (at.getAttribute("role") === "region") at.tabIndex = 0;  // it scrolls: the keyboard must reach it
      }
    }
  };
  let naming = 0;
  const named = () => { naming = 0; name(); };
  const drawn = new MutationObserver(() => { naming ||= setTimeout(named, NAMING); });  // widgets are drawn one by one, and again
  requestAnimationFrame(() => { name(); drawn.observe(screen(), { childList: true, subtree: true }); });
  model.on("change:names", name);

  const title = () => { if (document.body.dataset.voila) document.title = model.get("title"); };
  title();
  model.on("change:title", title);
  tour(model, el);
  const place = () => `salesforecast-kept-${model.get("title")}`;
  const keep = () => {
    try { localStorage.setItem(place(), JSON.stringify(model.get("kept"))); } catch { /* a browser that keeps nothing */ }
  };
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(place())); } catch { /* not ours, or nothing kept */ }
  model.on("change:kept", keep);
  model.send({ event: "opened", language: navigator.language, kept });

  return () => {
    clearInterval(beat);
    drawn.disconnect();
    clearTimeout(naming);
    model.off("msg:custom", onMessage);
    model.off("change:kept", keep);
    for (const kind of GESTURES) document.removeEventListener(kind, acted);
    clearTimeout(slow);
    clearTimeout(asking);
    document.removeEventListener("click", choose);
    document.removeEventListener("keydown", keys, true);
    window.removeEventListener("beforeunload", leave);
  };
}

export default { render };
