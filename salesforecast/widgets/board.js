// Pieces of HTML that belong together: one message changes them all, in one frame.
function render({ model, el }) {
  const shown = new Map();
  const show = () => {
    for (const [name, html] of Object.entries(model.get("parts"))) {
      let part = shown.get(name);
      if (!part) {
        const element = document.createElement("div");
        element.className = `sf-part sf-part-${name}`;
        el.append(element);
        part = { element, html: "" };
        shown.set(name, part);
      }
      if (part.html === html) continue;
      part.html = html;
      part.element.innerHTML = html;
    }
  };
  model.on("change:parts", show);
  show();
  return () => model.off("change:parts", show);
}

export default { render };
