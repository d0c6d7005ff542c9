// Questions in the browser's own <dialog>: it holds the focus, and Escape closes it.

import { h, iconButton } from "./dom.js";
import { t } from "./strings/index.js";

/**
 * Shows a dialog and waits. `buttons` are {label, value, kind}; the value of the one that was pressed
 * is the answer, or null when it was closed. The one of the kind "main" is what Enter in a field presses,
 * and before it the fields among `content` are checked.
 */
export function ask({ title, content = [], buttons, large = false }) {
  return new Promise((resolve) => {
    const head = h("h2", { id: `title-${Date.now()}` }, title);
    const form = h(
      "form",
      { method: "dialog" },
      h(
        "div",
        { class: "row" },
        h("div", { class: "grow" }, head),
        iconButton("close", t("close"), { on: { click: () => dialog.close() } }),
      ),
      content,
      h(
        "div",
        { class: "buttons" },
        buttons.map(({ label, value, kind = "" }) =>
          kind.startsWith("main")
            ? h("button", { value, class: kind }, label)
            : h(
                "button",
                { type: "button", class: kind || null, on: { click: () => dialog.close(value) } },
                label,
              ),
        ),
      ),
    );
    const dialog = h("dialog", { class: large ? "large" : null, "aria-labelledby": head.id }, form);
    const back = caretKept();
    dialog.addEventListener("close", () => {
      dialog.remove();
      back();
      resolve(dialog.returnValue || null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Remembers where the caret is, and gives what puts it there again. A browser gives the focus back when a
 * dialog closes, but not the caret: whoever types on would type into nothing.
 */
export function caretKept() {
  const selection = getSelection();
  const range = selection.rangeCount ? selection.getRangeAt(0) : null;
  return () => {
    const here = document.activeElement;
    if (!range || !here?.isContentEditable || !here.contains(range.startContainer)) return;
    selection.removeAllRanges();
    selection.addRange(range);
  };
}

/** Yes or no. */
export async function confirm(title, text, yes, { danger = false } = {}) {
  const answer = await ask({
    title,
    content: h("p", {}, text),
    buttons: [
      { label: t("cancel"), value: "" },
      { label: yes, value: "yes", kind: danger ? "main danger-fill" : "main" },
    ],
  });
  return answer === "yes";
}
