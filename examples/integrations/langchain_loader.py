"""LangChain document loader for recordings.

python langchain_loader.py interview.mp3 talk.mp4
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from unispeech import Engine, Transcript, UnispeechError


class SpeechLoader(BaseLoader):
    """Documents of recordings: one for each segment, with its times, or one for each recording.

    The recordings share batches. A recording that cannot be transcribed raises its
    `UnispeechError`, or is left out with `skip_failed`.
    """

    def __init__(
        self,
        engine: Engine,
        paths: Sequence[str | Path],
        per: Literal["segment", "recording"] = "segment",
        skip_failed: bool = False,
        **options: Any,
    ) -> None:
        self._engine, self._paths, self._options = engine, list(paths), options
        self._per, self._skip_failed = per, skip_failed

    def lazy_load(self) -> Iterator[Document]:
        results = self._engine.transcribe_many(self._paths, **self._options)
        for path, result in zip(self._paths, results, strict=True):
            if isinstance(result, UnispeechError):
                if not self._skip_failed:
                    raise result
            elif self._per == "segment":
                yield from _segments(str(path), result)
            else:
                yield _document(str(path), result, result.text, 0.0, result.duration)


def _segments(source: str, transcript: Transcript) -> Iterator[Document]:
    for segment in transcript.segments:
        document = _document(source, transcript, segment.text, segment.start, segment.end)
        if segment.speaker is not None:
            document.metadata["speaker"] = segment.speaker
        yield document


def _document(source: str, transcript: Transcript, text: str, start: float, end: float) -> Document:
    metadata = {"source": source, "start": start, "end": end, "language": transcript.language}
    return Document(page_content=text, metadata=metadata)


def main() -> None:
    with Engine(model="tiny.en") as engine:
        for document in SpeechLoader(engine, sys.argv[1:]).lazy_load():
            print(document.metadata["source"], document.metadata["start"], document.page_content)


if __name__ == "__main__":
    main()
