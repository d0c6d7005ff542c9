"""One HTML file in which the words light up while the recording plays.

The recording stays a file of its own: the page looks for it beside itself, and asks for it if it
is not there. All text is escaped, and the script is the same for every transcript.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from unispeech.text.formats.base import Details
from unispeech.text.formats.markup import RIGHT_TO_LEFT, clean
from unispeech.text.formats.plain import Paragraph, paragraphs, recording_name, title
from unispeech.text.formats.timestamps import short
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript, Word

STYLE = """
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 42rem; margin: 0 auto; padding: 1rem;
  color-scheme: light dark; }
header { position: sticky; top: 0; background: Canvas; padding: 0.5rem 0; }
h1 { font-size: 1.4rem; margin: 0; }
audio { width: 100%; margin-top: 0.5rem; }
p { margin: 0 0 1rem; }
.who { font-weight: 600; display: block; }
time { color: GrayText; font-size: 0.85rem; margin-inline-end: 0.5rem; }
[data-start] { cursor: pointer; border-radius: 0.2rem; }
.now { background: Highlight; color: HighlightText; }
"""
STYLE_BESIDE = """
body { max-width: 80rem; }
.pair { display: grid; gap: 0 2rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); }
@media (min-width: 36rem) { .pair:has(.who) > p + p { padding-top: 1.6em; } }
"""
SCRIPT = """
const audio = document.querySelector("audio");
const words = [...document.querySelectorAll("[data-start]")];
const starts = words.map((word) => Number(word.dataset.start));
let now = null;
function light() {
  let low = 0, high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= audio.currentTime) low = middle + 1; else high = middle;
  }
  const word = low ? words[low - 1] : null;
  if (word === now) return;
  if (now) now.classList.remove("now");
  if (word) word.classList.add("now");
  now = word;
}
audio.addEventListener("timeupdate", light);
audio.addEventListener("seeked", light);
audio.addEventListener("error", () => { document.querySelector("label").hidden = false; });
document.addEventListener("click", (event) => {
  const word = event.target.closest("[data-start]");
  if (word) { audio.currentTime = Number(word.dataset.start); audio.play(); }
});
document.querySelector("input").addEventListener("change", (event) => {
  audio.src = URL.createObjectURL(event.target.files[0]);
});
"""


def html(transcript: Transcript, layout: Layout, details: Details) -> str:
    name, date = title(transcript, details), details.date or datetime.now(UTC)
    source = recording_name(transcript)
    address = f' src="{_escaped("./" + quote(source))}"' if source else ""
    parts = paragraphs(transcript, details.beside(transcript))
    if details.translation is None:
        style, blocks = STYLE, "\n".join(map(_paragraph, parts))
    else:
        style, code = STYLE + STYLE_BESIDE, details.translation_language
        blocks = "\n".join(_pair(part, code) for part in parts)
    return f"""<!doctype html>
<html{_language(transcript.language)}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="date" content="{date:%Y-%m-%d}">
<title>{_escaped(name)}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1 dir="auto">{_escaped(name)}</h1>
<audio controls preload="metadata"{address}></audio>
<label{" hidden" if source else ""}>&#9834; <input type="file" accept="audio/*,video/*"></label>
</header>
<main>
{blocks}
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _paragraph(part: Paragraph) -> str:
    name = f'<span class="who">{_escaped(part.speaker)}</span>' if part.speaker else ""
    text = "".join(_words(part.segments)).strip()
    return f"<p{_language(part.language)}>{name}<time>{short(part.start)}</time>{text}</p>"


def _pair(part: Paragraph, code: str) -> str:
    """A paragraph beside its translation."""
    other = f"<p{_language(code)}>{_escaped(part.beside)}</p>"
    return f'<div class="pair">{_paragraph(part)}{other}</div>'


def _words(segments: tuple[Segment, ...]) -> Iterator[str]:
    """The words of a paragraph; a segment without words lights up as a whole."""
    for segment in segments:
        whole = Word(segment.start, segment.end, segment.text, 1.0)
        for number, timed in enumerate(segment.words or (whole,)):
            text = timed.word
            is_first = number == 0 and not text[:1].isspace() and len(segments) > 1
            space = " " if text[:1].isspace() or (is_first and text.isascii()) else ""
            yield f'{space}<span data-start="{timed.start:.2f}">{_escaped(text.strip())}</span>'


def _language(code: str) -> str:
    direction = "rtl" if code in RIGHT_TO_LEFT else "auto"
    return (f' lang="{_escaped(code)}"' if code else "") + f' dir="{direction}"'


def _escaped(text: str) -> str:
    return escape(clean(text))
