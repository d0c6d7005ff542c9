// What has to be sent of a transcript after a correction. Segments never change: the same object is the
// same text at the same time.

/** What makes one list of segments another: [{at, remove, segments}], with places in `before`, in order. */
export function changes(before, after) {
  const places = new Map(before.map((one, index) => [one, index]));
  const found = [];
  let [next, fresh] = [0, []];
  const put = (place) => {
    if (place > next || fresh.length)
      found.push({ at: next, remove: place - next, segments: fresh });
    [next, fresh] = [place + 1, []];
  };
  for (const one of after) {
    const place = places.get(one) ?? -1;
    if (place < next)
      fresh.push(one); // new, or moved to a later place
    else put(place);
  }
  put(before.length);
  return found;
}

/** As the server keeps them. A segment that was moved over its neighbour keeps its row until it is opened again. */
export function inOrder(segments) {
  return segments.toSorted((a, b) => a.start - b.start || a.end - b.end);
}
