// Two people changed one transcript: what each did to the segments they both began with.

import { same } from "./edits.js";

/**
 * The parts of a merge in order: {segments} where at most one of them changed something, or
 * {mine, theirs} where both did, and not alike. What nobody changed is mine, so its keys stay.
 */
export function merged(base, mine, theirs) {
  const [toMine, toTheirs] = [matched(base, mine), matched(base, theirs)];
  const parts = [];
  let [b, m, o] = [0, 0, 0];
  const region = (endB, endM, endO) => {
    const part = settled(base.slice(b, endB), mine.slice(m, endM), theirs.slice(o, endO));
    if (part.mine || part.segments.length) parts.push(part);
  };
  for (let at = 0; at < base.length; at++) {
    if (toMine[at] < 0 || toTheirs[at] < 0) continue;
    region(at, toMine[at], toTheirs[at]);
    parts.push({ segments: [mine[toMine[at]]] });
    [b, m, o] = [at + 1, toMine[at] + 1, toTheirs[at] + 1];
  }
  region(base.length, mine.length, theirs.length);
  return parts;
}

/** A document with the segments of `known` in the place of those that say the same at the same time. */
export function recognised(document, known) {
  const mine = new Map(known.segments.map((one) => [signature(one), one]));
  return { ...document, segments: document.segments.map((one) => mine.get(signature(one)) ?? one) };
}

function settled(base, mine, theirs) {
  if (alike(base, mine) || alike(mine, theirs))
    return { segments: alike(mine, theirs) ? mine : theirs };
  return alike(base, theirs) ? { segments: mine } : { mine, theirs };
}

function alike(list, other) {
  return list.length === other.length && list.every((one, index) => same(one, other[index]));
}

// For each segment of `base` where it is in `other`, or -1: the longest chain that keeps the order.
function matched(base, other) {
  const where = new Map();
  for (const [index, segment] of other.entries()) {
    where.set(signature(segment), [...(where.get(signature(segment)) ?? []), index]);
  }
  const found = base.map((one) => where.get(signature(one))?.shift() ?? -1);
  return rising(found);
}

const signature = (one) => `${one.start}|${one.end}|${one.speaker}|${one.text}`;

function rising(found) {
  const ends = []; // the index in `found` of the smallest end of a chain of each length
  const before = found.map(() => -1);
  found.forEach((value, index) => {
    if (value < 0) return;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (found[ends[middle]] < value) low = middle + 1;
      else high = middle;
    }
    before[index] = low ? ends[low - 1] : -1;
    ends[low] = index;
  });
  const kept = found.map(() => -1);
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index]) kept[index] = found[index];
  return kept;
}
