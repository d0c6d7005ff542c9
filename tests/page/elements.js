// The subset of the DOM that building and reading forms needs.

const CONTROLS = ["input", "select", "textarea"];

class Element {
  dataset = {};
  children = [];
  listeners = {};
  hidden = false;
  #value;

  constructor(tag) {
    this.tag = tag;
  }

  setAttribute(name, value) {
    this[name] = value === "" ? true : value;
  }

  removeAttribute(name) {
    this[name] = false;
  }

  addEventListener(event, listener) {
    this.listeners[event] = listener;
  }

  append(...children) {
    for (const child of children) if (child instanceof Element) child.parent = this;
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = [];
    this.append(...children);
  }

  remove() {
    this.parent.children = this.parent.children.filter((child) => child !== this);
  }

  get value() {
    if (this.tag !== "select") return this.#value;
    const chosen = this.children.find(({ selected }) => selected) ?? this.children[0];
    return this.#value ?? chosen?.value ?? "";
  }

  set value(value) {
    this.#value = value;
  }

  get textContent() {
    return this.children.map((child) => child.textContent ?? child).join("");
  }

  set textContent(text) {
    this.children = [text];
  }

  /** This element and those in it. */
  get all() {
    return [this, ...this.children.flatMap((child) => child.all ?? [])];
  }

  /** The controls with a name that are not disabled, whatever the selector. */
  querySelectorAll() {
    return this.all.filter(
      ({ tag, name, disabled }) => CONTROLS.includes(tag) && name && !disabled,
    );
  }

  control(name) {
    return this.all.find((element) => element.name === name && CONTROLS.includes(element.tag));
  }
}

class HTMLInputElement extends Element {}

const created = (tag) => (tag === "input" ? new HTMLInputElement(tag) : new Element(tag));

/** Install these elements in place of the browser's DOM. */
export function pretendDocument() {
  Object.assign(globalThis, { HTMLInputElement, document: { createElement: created } });
}
