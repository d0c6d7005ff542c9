"""Bodies of Deepgram's responses."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from unispeech.realtime.lines import SENTENCE_ENDS
from unispeech.server.dialects.deepgram.parameters import Parameters, language_code
from unispeech.types import Transcript, Word
from unispeech.version import __version__

CHANNEL = 0


class Speakers:
    """Numbers of speakers, in order of appearance."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, speaker: str) -> int:
        return self._numbers.setdefault(speaker, len(self._numbers))


def word_body(word: Word, punctuates: bool, speakers: Speakers | None = None) -> dict[str, Any]:
    """Return one word; `word` is in lower case and without punctuation."""
    body: dict[str, Any] = {
        "word": plain(word.word),
        "start": round(word.start, 3),
        "end": round(word.end, 3),
        "confidence": round(word.probability, 4),
    }
    if speakers is not None and word.speaker is not None:
        body["speaker"] = speakers.number(word.speaker)
    if punctuates:
        body["punctuated_word"] = word.word.strip()
    return body


def plain(word: str) -> str:
    """Return a word in lower case, without the punctuation around it."""
    word = word.strip().lower()
    while word and not word[0].isalnum():
        word = word[1:]
    while word and not word[-1].isalnum():
        word = word[:-1]
    return word


def text_of(words: Sequence[Word], punctuates: bool) -> str:
    """Return the words as text, with punctuation and capitals if requested."""
    if punctuates:
        return "".join(word.word for word in words).strip()
    spaces = [" " if word.word[:1].isspace() else "" for word in words]
    plain_words = [plain(word.word) for word in words]
    joined = "".join(space + word for space, word in zip(spaces, plain_words, strict=True) if word)
    return joined.strip()


def confidence(words: Sequence[Word]) -> float:
    """Return the mean probability of the words; 0 without words."""
    return round(sum(word.probability for word in words) / len(words), 4) if words else 0.0


def alternative(
    words: Sequence[Word], parameters: Parameters, speakers: Speakers | None = None
) -> dict[str, Any]:
    words = [word for word in words if plain(word.word) or parameters.punctuates]
    return {
        "transcript": text_of(words, parameters.punctuates),
        "confidence": confidence(words),
        "words": [word_body(word, parameters.punctuates, speakers) for word in words],
    }


def model_uuid(model: str) -> str:
    """Return a UUID that stands for a model: the same for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"unispeech:{model}"))


def model_info(backend: str, model: str) -> dict[str, str]:
    return {"name": model, "version": __version__, "arch": backend}


def metadata(
    request_id: str, sha256: str, duration: float, backend: str, model: str
) -> dict[str, Any]:
    """Return the metadata of a recording, or of a stream at its end."""
    id = model_uuid(model)
    return {
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": sha256,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "duration": round(duration, 3),
        "channels": 1,
        "models": [id],
        "model_info": {id: model_info(backend, model)},
    }


def recording(transcript: Transcript, parameters: Parameters) -> dict[str, Any]:
    """Return `results` of a recording."""
    speakers = Speakers() if parameters.diarizes else None
    words = [word for segment in transcript.segments for word in segment.words]
    best = alternative(words, parameters, speakers)
    utterances = list(split(words, parameters.utterance_split))
    if parameters.paragraphs:
        best["paragraphs"] = _paragraphs(utterances, parameters, speakers)
    channel: dict[str, Any] = {"alternatives": [best]}
    if parameters.detects_language and transcript.language:
        channel["detected_language"] = language_code(transcript.language)
        best["languages"] = [language_code(code) for code in transcript.languages]
        if transcript.language_probability is not None:
            channel["language_confidence"] = round(transcript.language_probability, 4)
    results: dict[str, Any] = {"channels": [channel]}
    if parameters.utterances:
        results["utterances"] = [_utterance(words, parameters, speakers) for words in utterances]
    return results


def split(words: Iterable[Word], pause: float) -> Iterator[list[Word]]:
    """Yield utterances: words of one speaker without a pause of `pause` seconds or more."""
    utterance: list[Word] = []
    for word in words:
        if utterance and (
            word.start - utterance[-1].end >= pause or word.speaker != utterance[-1].speaker
        ):
            yield utterance
            utterance = []
        utterance.append(word)
    if utterance:
        yield utterance


def _utterance(
    words: list[Word], parameters: Parameters, speakers: Speakers | None
) -> dict[str, Any]:
    body = {
        "start": round(words[0].start, 3),
        "end": round(words[-1].end, 3),
        "channel": CHANNEL,
        **alternative(words, parameters, speakers),
        "id": str(uuid.uuid4()),
    }
    if speakers is not None and words[0].speaker is not None:
        body["speaker"] = speakers.number(words[0].speaker)
    return body


def _paragraphs(
    utterances: Iterable[list[Word]], parameters: Parameters, speakers: Speakers | None
) -> dict[str, Any]:
    """Return a paragraph for each utterance."""
    paragraphs = []
    for words in utterances:
        sentences = [
            {
                "text": text_of(sentence, parameters.punctuates),
                "start": round(sentence[0].start, 3),
                "end": round(sentence[-1].end, 3),
            }
            for sentence in _sentences(words)
        ]
        paragraph: dict[str, Any] = {
            "sentences": sentences,
            "num_words": len(words),
            "start": round(words[0].start, 3),
            "end": round(words[-1].end, 3),
        }
        if speakers is not None and words[0].speaker is not None:
            paragraph["speaker"] = speakers.number(words[0].speaker)
        paragraphs.append(paragraph)
    texts = [" ".join(sentence["text"] for sentence in p["sentences"]) for p in paragraphs]
    return {"transcript": "\n\n".join(texts), "paragraphs": paragraphs}


def _sentences(words: Iterable[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        sentence.append(word)
        if word.word.strip()[-1:] in SENTENCE_ENDS:
            yield sentence
            sentence = []
    if sentence:
        yield sentence
