// Who speaks: chosen for a segment from a menu, renamed everywhere in a dialog.

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { openMenu } from "../menu.js";
import { t } from "../strings/index.js";
import { renameSpeaker, setSpeaker, speakers } from "../transcript/edits.js";

/** The menu of a segment's speaker; `chosen` is called when there is a change. */
export function speakerMenu(button, store, index, chosen) {
  const now = store.document.segments[index].speaker;
  const set = (name) => {
    store.change(setSpeaker(store.document, index, name));
    chosen();
  };
  openMenu(
    button,
    [
      ...speakers(store.document).map((name) => ({
        label: h("bdi", {}, name),
        checked: name === now,
        run: () => set(name),
      })),
      { label: t("speaker.nobody"), checked: !now, run: () => set(null) },
      null,
      {
        label: t("speaker.new"),
        run: async () => {
          const name = await named(t("speaker.new"), "");
          if (name) set(name);
        },
      },
      now
        ? {
            label: t("speaker.rename", { name: now }),
            run: async () => {
              const name = await named(t("speaker.rename", { name: now }), now);
              if (name) store.change(renameSpeaker(store.document, now, name));
              chosen();
            },
          }
        : null,
    ].filter((item, position) => item || position),
    t("command.speaker"),
  );
}

async function named(title, value) {
  const input = h("input", {
    id: "speaker-name",
    value,
    required: true,
    maxlength: "100",
    dir: "auto",
    autocomplete: "off",
    autofocus: true,
  });
  const answer = await ask({
    title,
    content: h(
      "div",
      { class: "field" },
      h("label", { for: "speaker-name" }, t("speaker.name")),
      input,
    ),
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("apply"), value: "set", kind: "main" },
    ],
  });
  return answer ? input.value.trim() : null;
}
