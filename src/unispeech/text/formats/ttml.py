"""TTML subtitles that are both EBU-TT-D (EBU Tech 3380) and IMSC 1.1 Text (W3C).

Speakers are `ttm:agent` elements, to which the subtitles refer.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from unispeech.text.formats.base import Details
from unispeech.text.formats.markup import clean, document
from unispeech.text.formats.plain import title
from unispeech.text.formats.spoken_cues import SpokenCue, spoken_cues
from unispeech.text.formats.timestamps import timestamp
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

TT, TTS = "{http://www.w3.org/ns/ttml}", "{http://www.w3.org/ns/ttml#styling}"
TTP, TTM = "{http://www.w3.org/ns/ttml#parameter}", "{http://www.w3.org/ns/ttml#metadata}"
EBU, XML = "{urn:ebu:tt:metadata}", "{http://www.w3.org/XML/1998/namespace}"
CONFORMS_TO = (
    "urn:ebu:tt:distribution:2018-04",
    "http://www.w3.org/ns/ttml/profile/imsc1.1/text",
)
STYLE = {
    "fontFamily": "proportionalSansSerif", "fontSize": "100%", "lineHeight": "normal",
    "textAlign": "center", "color": "#ffffffff", "backgroundColor": "#000000ff",
    "unicodeBidi": "normal", "direction": "ltr",
}  # fmt: skip
REGION = {"origin": "10% 10%", "extent": "80% 80%", "displayAlign": "after"}
for prefix, space in (("tt", TT), ("tts", TTS), ("ttp", TTP), ("ttm", TTM), ("ebuttm", EBU)):
    ElementTree.register_namespace(prefix, space[1:-1])


def ttml(transcript: Transcript, layout: Layout, details: Details) -> str:
    return document(tree(list(spoken_cues(transcript, layout)), transcript, details))


def tree(cues: list[SpokenCue], transcript: Transcript, details: Details) -> Element:
    """The root of a TTML document with these cues."""
    root = Element(f"{TT}tt", {
        f"{TTP}timeBase": "media", f"{TTP}cellResolution": "32 15",
        f"{XML}lang": clean(transcript.language),
    })  # fmt: skip
    root.text = "\n"
    agents = {
        name: f"speaker{number}"
        for number, name in enumerate(dict.fromkeys(filter(None, _speakers(cues))), 1)
    }
    _head(root, title(transcript, details), agents)
    body = SubElement(root, f"{TT}body")
    body.tail = "\n"
    division = SubElement(body, f"{TT}div", {"style": "default"})
    division.text = "\n"
    for number, cue in enumerate(cues, 1):
        attributes = {
            f"{XML}id": f"sub{number}", "region": "bottom",
            "begin": timestamp(cue.start, "."), "end": timestamp(cue.end, "."),
        }  # fmt: skip
        if cue.language and cue.language != transcript.language:
            attributes[f"{XML}lang"] = clean(cue.language)
        if cue.speaker:
            attributes[f"{TTM}agent"] = agents[cue.speaker]
        paragraph = SubElement(division, f"{TT}p", attributes)
        paragraph.tail = "\n"
        for place, line in enumerate(cue.lines):
            if place:
                SubElement(paragraph, f"{TT}br")
            name = cue.sharing[place] if cue.sharing else None
            agent = {f"{TTM}agent": agents[name]} if name else {}
            SubElement(paragraph, f"{TT}span", agent).text = clean(line)
    return root


def _speakers(cues: list[SpokenCue]) -> list[str | None]:
    return [name for cue in cues for name in cue.speakers]


def _head(root: Element, name: str, agents: dict[str, str]) -> None:
    head = SubElement(root, f"{TT}head")
    head.tail = "\n"
    metadata = SubElement(head, f"{TT}metadata")
    SubElement(metadata, f"{TTM}title").text = clean(name)
    about = SubElement(metadata, f"{EBU}documentMetadata")
    for standard in CONFORMS_TO:
        SubElement(about, f"{EBU}conformsToStandard").text = standard
    for speaker, key in agents.items():
        agent = SubElement(metadata, f"{TTM}agent", {f"{XML}id": key, "type": "person"})
        SubElement(agent, f"{TTM}name", {"type": "full"}).text = clean(speaker)
    styling = SubElement(head, f"{TT}styling")
    style = {f"{TTS}{key}": value for key, value in STYLE.items()}
    SubElement(styling, f"{TT}style", {f"{XML}id": "default", **style})
    regions = SubElement(head, f"{TT}layout")
    region = {f"{TTS}{key}": value for key, value in REGION.items()}
    SubElement(regions, f"{TT}region", {f"{XML}id": "bottom", **region})
