"""The page's transcript model, in a real browser: edits, undo, find, merging, words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from support.browsing import STATIC, browser, files, needs_browser

pytestmark = needs_browser

PRELUDE = """
const [edits, steps, find, merging, tokenised, times, sent] = await Promise.all(
  ["edits", "history", "find", "merging", "words", "times", "changes"].map((name) => import(`/transcript/${name}.js`)));
const said = (text, start = 0) => (text.match(/\\s*\\S+/g) ?? []).map((word, i) =>
  ({ start: start + i, end: start + i + 0.8, word, probability: 0.5 }));
const segment = (text, start, speaker = null) =>
  ({ start, end: start + said(text).length, text, words: said(text, start), speaker });
const open = (...segments) => edits.opened({ segments });
const texts = (doc) => doc.segments.map((one) => one.text);
"""


@pytest.fixture(scope="module")
def run() -> Iterator[Any]:
    """Runs the body of an async function in the page's folder, and gives back what it returns."""
    with files() as url, browser() as launched:
        page = launched.new_page()
        page.goto(f"{url}/icon.svg")
        yield lambda body: page.evaluate(f"async () => {{ {PRELUDE} {body} }}")


def test_words_that_stay_keep_their_times(run: Any) -> None:
    found = run("""
      const doc = open(segment(" Good morning and welcome", 0));
      const next = edits.apply(doc, edits.setText(doc, 0, "Good mornings and very welcome"));
      return next.segments[0].words;
    """)
    assert [word["word"] for word in found] == [" Good", " mornings", " and", " very", " welcome"]
    assert [word["start"] for word in found] == [0, 1, 2, 2.8, 3]
    assert [word["probability"] for word in found] == [0.5, 1, 0.5, 1, 0.5]


def test_words_of_scripts_without_spaces(run: Any) -> None:
    found = run("""
      const words = [["今天", 0], ["天气", 1], ["很好", 2]].map(([word, start]) =>
        ({ word, start, end: start + 1, probability: 0.4 }));
      const doc = open({ start: 0, end: 3, text: "今天天气很好", words });
      const next = edits.apply(doc, edits.setText(doc, 0, "今天空气很好"));
      return next.segments[0].words;
    """)
    assert "".join(word["word"] for word in found) == "今天空气很好"
    assert found[0]["start"] == 0 and found[-1]["word"] == "很好" and found[-1]["start"] == 2


def test_split_and_join_are_each_other_s_inverse(run: Any) -> None:
    before, halves, joined, nothing = run("""
      const doc = open(segment(" Good morning and welcome", 0, "Ada"));
      const cut = edits.apply(doc, edits.split(doc, 0, 12));
      const again = edits.apply(cut, edits.merge(cut, 0));
      return [doc.segments, cut.segments, again.segments, edits.split(doc, 0, 0)];
    """)
    assert [one["text"] for one in halves] == [" Good morning", " and welcome"]
    assert [(one["start"], one["end"]) for one in halves] == [(0, 1.8), (1.9, 4)]
    assert [one["speaker"] for one in halves] == ["Ada", "Ada"]
    assert joined == before
    assert nothing == []


def test_a_word_without_spaces_is_whole_again_after_a_split(run: Any) -> None:
    cut, joined, found = run("""
      const doc = open({ start: 0, end: 2, text: "我们去公园。", words: [] });
      const cut = edits.apply(doc, edits.split(doc, 0, 4));
      const again = edits.apply(cut, edits.merge(cut, 0));
      const wanted = find.pattern("公园", { wholeWord: true });
      return [texts(cut), texts(again), find.matches(again, wanted)];
    """)
    assert (cut, joined) == (["我们去公", "园。"], ["我们去公园。"])
    assert found == [{"at": 0, "from": 3, "to": 5}]


def test_a_word_that_is_cut_through_shares_its_time(run: Any) -> None:
    first, second = run("""
      const doc = open(segment(" something", 0));
      return edits.apply(doc, edits.split(doc, 0, 4)).segments;
    """)
    assert (first["text"], second["text"]) == (" some", "thing")
    assert first["words"][0]["end"] == second["words"][0]["start"] == 0.4


def test_text_moves_over_a_boundary_and_takes_its_time_along(run: Any) -> None:
    back, on = run("""
      const doc = open(segment(" Good morning and", 0), segment(" welcome to the garden", 3));
      return [edits.apply(doc, edits.moveBack(doc, 1, 7)).segments, edits.apply(doc, edits.moveOn(doc, 0, 12)).segments];
    """)
    assert [one["text"] for one in back] == [" Good morning and welcome", " to the garden"]
    assert back[0]["end"] == 3.8
    assert [one["text"] for one in on] == [" Good morning", " and welcome to the garden"]
    assert on[1]["start"] == pytest.approx(1.9)


def test_times_are_bounds_for_the_words(run: Any) -> None:
    squeezed, shifted = run("""
      const doc = open(segment(" one two three", 5));
      return [edits.apply(doc, edits.setTimes(doc, 0, 5.5, 7)).segments[0], edits.apply(doc, edits.shift(doc, 0, -9)).segments[0]];
    """)
    assert all(5.5 <= word["start"] <= word["end"] <= 7 for word in squeezed["words"])
    assert (shifted["start"], shifted["words"][1]["start"]) == (0, 1)


def test_undo_and_redo_without_limit(run: Any) -> None:
    """A few thousand random edits: back to the beginning and forth again, and nothing is torn."""
    wrong = run("""
      let seed = 7;
      const random = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
      let doc = open(...Array.from({ length: 30 }, (_, i) => segment(` Line ${i} of the text as it was`, i * 10, i % 2 ? "Ada" : null)));
      let history = steps.EMPTY;
      const first = doc;
      const wrong = [];
      const change = () => {
        const at = random(doc.segments.length);
        const length = edits.shown(doc.segments[at]).length;
        const some = [
          () => edits.split(doc, at, random(length + 1)), () => edits.merge(doc, at), () => edits.moveBack(doc, at, random(length + 1)),
          () => edits.moveOn(doc, at, random(length + 1)), () => edits.setText(doc, at, `${edits.shown(doc.segments[at])} more`.slice(random(4))),
          () => edits.setTimes(doc, at, doc.segments[at].start, doc.segments[at].end + 0.1), () => edits.setSpeaker(doc, at, ["Ada", "Grace", null][random(3)]),
          () => edits.renameSpeaker(doc, "Ada", "Grace"), () => edits.insert(doc, random(300), 301, "new words"),
          () => (doc.segments.length > 10 ? edits.remove(doc, at) : []),
          () => find.replaced(doc, find.matches(doc, find.pattern("of")), "off"),
        ];
        return some[random(some.length)]();
      };
      for (let i = 0; i < 3000; i++) {
        const edit = change();
        if (!edit.length) continue;
        history = steps.record(history, edit);
        doc = edits.apply(doc, edit);
        for (const one of doc.segments) {
          const joined = one.words.map((word) => word.word).join("");
          if (one.words.length && joined !== one.text) wrong.push([i, joined, one.text]);
          if (one.words.some((word) => word.end < word.start)) wrong.push([i, "time runs back", one]);
        }
        if (new Set(doc.segments.map((one) => one.key)).size !== doc.segments.length) wrong.push([i, "a key twice"]);
        if (wrong.length) return wrong;
      }
      const last = doc;
      for (let step; (step = steps.undo(history)); ) { history = step.history; doc = edits.apply(doc, step.edit); }
      if (JSON.stringify(doc) !== JSON.stringify(first)) wrong.push("undone is not the first");
      for (let step; (step = steps.redo(history)); ) { history = step.history; doc = edits.apply(doc, step.edit); }
      if (JSON.stringify(doc) !== JSON.stringify(last)) wrong.push("redone is not the last");
      return wrong;
    """)
    assert wrong == []


def test_typing_is_one_step(run: Any) -> None:
    text, more = run("""
      let doc = open(segment(" a", 0));
      let history = steps.EMPTY;
      for (const text of ["a b", "a bc", "a bcd"]) {
        const edit = edits.setText(doc, 0, text);
        history = steps.record(history, edit, "burst");
        doc = edits.apply(doc, edit);
      }
      const step = steps.undo(history);
      return [texts(edits.apply(doc, step.edit)), steps.undo(step.history)];
    """)
    assert (text, more) == ([" a"], None)


def test_find_and_replace(run: Any) -> None:
    plain, whole, case, replaced = run("""
      const doc = open(segment(" The cat (a Cat) concatenates", 0), segment(" straße. CAT", 9));
      const count = (query, options) => find.matches(doc, find.pattern(query, options)).length;
      const all = find.matches(doc, find.pattern("cat", { wholeWord: true }));
      return [count("cat"), count("cat", { wholeWord: true }), count("Cat", { matchCase: true }), texts(edits.apply(doc, find.replaced(doc, all, "$& dog")))];
    """)
    assert (plain, whole, case) == (4, 3, 1)
    assert replaced == [" The $& dog (a $& dog) concatenates", " straße. $& dog"]


def test_two_windows_are_put_together(run: Any) -> None:
    alone, both = run("""
      const lines = ["one", "two", "three", "four", "five"];
      const base = open(...lines.map((text, i) => segment(` ${text}`, 10 * i))).segments;
      const other = (list, at, text) => list.map((one, i) => (i === at ? { ...one, text, words: [] } : one));
      const mine = other(base, 1, " mine");
      const theirs = edits.opened({ segments: other(base, 3, " theirs") }).segments;
      const clash = edits.opened({ segments: other(other(base, 3, " theirs"), 1, " other") }).segments;
      const put = (parts) => parts.map((part) => (part.segments ? part.segments.map((one) => one.text) : { mine: part.mine.map((one) => one.text), theirs: part.theirs.map((one) => one.text) }));
      return [put(merging.merged(base, mine, theirs)).flat(), put(merging.merged(base, mine, clash))];
    """)
    assert alone == [" one", " mine", " three", " theirs", " five"]
    assert {"mine": [" mine"], "theirs": [" other"]} in both


def test_only_what_is_different_is_sent(run: Any) -> None:
    """Whatever was done, the changes make what the server had what the page has."""
    small, all_told = run("""
      const doc = open(...["one", "two", "three", "four", "five"].map((word, i) => segment(` ${word}`, 3 * i)));
      const there = doc.segments;
      const applied = (list) => {
        const made = [];
        let kept = 0;
        for (const { at, remove, segments } of list) {
          if (at < kept || at + remove > there.length) throw new Error("not in order");
          made.push(...there.slice(kept, at), ...segments);
          kept = at + remove;
        }
        return [...made, ...there.slice(kept)];
      };
      const word = edits.apply(doc, edits.setText(doc, 3, "vier"));
      const small = sent.changes(there, word.segments).map(({ at, remove, segments }) => [at, remove, segments.length]);
      const [a, b, c, d, e] = there;
      const fresh = word.segments[3];
      const lists = [[], there, word.segments, [b, a, c, d, e], [b, c, d, e, a], [e, a, b, c, d], [fresh, ...there], [...there, fresh], [a, fresh, e], [a, e, fresh]];
      return [small, lists.map((list) => {
        const made = applied(sent.changes(there, list));
        return made.length === list.length && made.every((one, index) => one === list[index]);
      })];
    """)
    assert small == [[3, 1, 1]]
    assert all(all_told), all_told


def test_times_are_written_and_read(run: Any) -> None:
    written, read = run("""
      return [[0, 61.25, 3723.9996].map((time) => times.clock(time, 3)), ["1:02.5", "01:00:02,5", "62.5", "x", "1:2:3:4"].map((text) => String(times.seconds(text)))];
    """)
    assert written == ["0:00.000", "1:01.250", "1:02:03.999"]
    assert read == ["62.5", "3602.5", "62.5", "NaN", "NaN"]


def test_every_language_of_the_page_has_every_word(run: Any) -> None:
    tables = run("""
      const tables = await Promise.all(["en", "de"].map((name) => import(`/strings/${name}.js`)));
      return tables.map((one) => one.default);
    """)
    english, *others = tables
    for other in others:
        assert list(other) == list(english)
        for key, text in english.items():
            assert _blanks(other[key]) == _blanks(text), key


def _blanks(text: Any) -> set[str]:
    joined = " ".join(text.values()) if isinstance(text, dict) else text
    return set(re.findall(r"\{(\w+)\}", joined))


def test_every_word_that_is_asked_for_is_there(run: Any) -> None:
    english = run('return (await import("/strings/en.js")).default;')
    code = "\n".join(path.read_text() for path in STATIC.rglob("*.js"))
    asked = set(re.findall(r"\bt\(\s*\"([\w.]+)\"", code))
    patterns = [re.escape(p).replace(r"\$\{\}", ".+") for p in (
        re.sub(r"\$\{[^}]*\}", "${}", m) for m in re.findall(r"\bt\(`([^`]+)`", code)
    )]  # fmt: skip
    assert asked <= set(english), asked - set(english)
    mentioned = set(re.findall(r"\"([a-z][\w]*\.[\w.]+)\"", code))
    unused = [
        key
        for key in english
        if key not in asked | mentioned and not any(re.fullmatch(p, key) for p in patterns)
    ]
    assert [key for key in unused if "." in key] == []


def test_the_page_is_made_of_nothing_from_elsewhere() -> None:
    """No addresses of other places, and nothing inline that the policy would refuse."""
    for path in STATIC.rglob("*"):
        if path.suffix not in (".js", ".css", ".html", ".svg") or path.name.startswith("live"):
            continue
        text = path.read_text()
        addresses = set(re.findall(r"https?://[^\s\"'`)]*", text))
        assert addresses <= {"http://www.w3.org/2000/svg", "https://"}, (path, addresses)
        if path.suffix == ".html":
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), path
