// A long list in a page that scrolls: only the rows near the screen are in the document.
//
// Heights are guessed until a row has been seen, then measured; what the reader looks at stays where
// it is when a guess was wrong.

const BEYOND = 500; // pixels above and below the screen that are made as well
const MANY = 12; // rows that come into sight in one frame: a jump

/**
 * `make(item)` gives {element, update(item)} for an item with a `key`; `guess(item, width)` its height.
 * Returns {set, scrollTo, row, render}.
 */
export function virtualList(container, { make, guess, dropped }, signal) {
  let items = [];
  let tops = new Float64Array(1);
  let places = new Map(); // key: index
  let width = container.clientWidth;
  const heights = new Map(); // key: pixels, measured
  const rows = new Map(); // key: {element, update, item, top}
  let planned = false;

  function place(from = 0) {
    if (tops.length !== items.length + 1) tops = new Float64Array(items.length + 1);
    for (let i = from; i < items.length; i++) {
      tops[i + 1] = tops[i] + (heights.get(items[i].key) ?? guess(items[i], width));
    }
    container.style.height = `${tops[items.length]}px`;
  }

  function at(offset) {
    let [low, high] = [0, Math.max(0, items.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (tops[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  function render() {
    planned = false;
    if (signal.aborted) return;
    const above = -container.getBoundingClientRect().top;
    const jumped = missing(at(above), at(above + innerHeight)) > MANY;
    const beyond = jumped ? 0 : BEYOND;
    if (jumped) plan(); // first what is seen, in the next frame the rest
    const [first, last] = [at(above - beyond), at(above + innerHeight + beyond)];
    clear(first, last);
    const fresh = fill(first, last);
    if (fresh.length) measure(fresh, above);
    for (const [key, row] of rows) move(row, tops[places.get(key)]);
  }

  function missing(first, last) {
    let count = 0;
    for (let index = first; index <= last && index < items.length; index++)
      if (!rows.has(items[index].key)) count++;
    return count;
  }

  function clear(first, last) {
    for (const [key, row] of rows) {
      const index = places.get(key);
      if (index >= first && index <= last) continue;
      if (index !== undefined && row.element.contains(document.activeElement)) continue;
      dropped?.(row);
      sizes.unobserve(row.element);
      row.element.remove();
      rows.delete(key);
    }
  }

  function fill(first, last) {
    const fresh = [];
    let before = null;
    const ordered = [...rows.keys()]
      .map((key) => places.get(key))
      .filter((index) => index < first || index > last);
    const wanted = [
      ...ordered,
      ...Array.from({ length: items.length ? last - first + 1 : 0 }, (_, i) => first + i),
    ].sort((a, b) => a - b);
    for (const index of wanted) {
      const item = items[index];
      let row = rows.get(item.key);
      if (!row) {
        row = { ...make(item), item, key: item.key, top: -1 };
        rows.set(item.key, row);
        fresh.push(row);
      } else if (row.item !== item || row.index !== index) row.update(item, index);
      row.item = item;
      if (row.index !== index) number(row, index);
      const next = before ? before.nextSibling : container.firstChild;
      if (next !== row.element) container.insertBefore(row.element, next);
      before = row.element;
    }
    return fresh;
  }

  function number(row, index) {
    row.index = index;
    row.element.setAttribute("aria-posinset", index + 1);
    row.element.setAttribute("aria-setsize", items.length);
  }

  function measure(fresh, above) {
    const anchor = at(above);
    const old = tops[anchor];
    let lowest = Infinity;
    for (const row of fresh) {
      const height = row.element.offsetHeight;
      sizes.observe(row.element);
      if (height === tops[row.index + 1] - tops[row.index]) continue;
      heights.set(row.key, height);
      lowest = Math.min(lowest, row.index);
    }
    if (lowest === Infinity) return;
    place(lowest);
    if (above > 0 && tops[anchor] !== old) scrollBy(0, tops[anchor] - old);
  }

  function move(row, top) {
    if (row.top === top) return;
    row.top = top;
    row.element.style.transform = `translateY(${top}px)`;
  }

  function plan() {
    if (planned) return;
    planned = true;
    requestAnimationFrame(render);
  }

  const sizes = new ResizeObserver((entries) => {
    let lowest = Infinity;
    for (const { target } of entries) {
      const row = [...rows.values()].find((one) => one.element === target);
      if (
        !row ||
        target.offsetHeight === (heights.get(row.key) ?? tops[row.index + 1] - tops[row.index])
      )
        continue;
      heights.set(row.key, target.offsetHeight);
      lowest = Math.min(lowest, row.index);
    }
    if (lowest === Infinity) return;
    place(lowest);
    plan();
  });
  const box = new ResizeObserver(() => {
    if (container.clientWidth === width) return;
    width = container.clientWidth;
    heights.clear();
    for (const row of rows.values()) heights.set(row.key, row.element.offsetHeight);
    place();
    plan();
  });
  box.observe(container);
  addEventListener("scroll", plan, { passive: true, signal });
  addEventListener("resize", plan, { signal });
  signal.addEventListener(
    "abort",
    () => {
      sizes.disconnect();
      box.disconnect();
    },
    { once: true },
  );

  return {
    /** Other items; rows of those that stay (by key) stay. At once, so that the focus can be put. */
    set(next) {
      items = next;
      places = new Map(items.map((item, index) => [item.key, index]));
      for (const [key, row] of rows)
        if (!places.has(key)) {
          dropped?.(row);
          row.element.remove();
          rows.delete(key);
        }
      place();
      render();
    },
    /** Brings an item to the screen, `margin` pixels below the upper edge at least. */
    scrollTo(index, { margin = 120, always = false } = {}) {
      const go = () => {
        const top = container.getBoundingClientRect().top + tops[index];
        const bottom = top + tops[index + 1] - tops[index];
        if (!always && top > margin && bottom < innerHeight - 2 * margin) return;
        scrollTo({ top: scrollY + top - (always ? margin : Math.max(margin, innerHeight / 3)) });
        render();
      };
      go();
      go(); // the second time with measured heights
    },
    row: (index) => rows.get(items[index]?.key),
    rows: () => rows.values(),
    render,
  };
}
