"""The work behind each tool, without any protocol."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unispeech.agents.declarations import BY_NAME
from unispeech.agents.roots import Roots
from unispeech.agents.transcripts import Transcripts, search
from unispeech.call import Call
from unispeech.engine.pool import Pool
from unispeech.errors import (
    AudioError,
    Cancelled,
    ModelUnavailable,
    OptionError,
    did_you_mean,
    nearest,
)
from unispeech.options import LoadOptions, Task
from unispeech.text import formats
from unispeech.types import Transcript

if TYPE_CHECKING:
    from unispeech.server.settings import Settings

POLL = 0.2
"""Seconds between two looks at whether a download is cancelled."""
SHOWN = 50
"""Most matches of a search in one answer."""
CALLS = ("source", "format", "model")
"""Arguments of a tool that are not options of the engine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a tool: the text for the model, and the same facts for programs."""

    text: str
    data: dict[str, Any]
    transcript: str = ""
    """Id of the transcript that the call made."""


class Toolbox:
    """The tools over one pool of models. Safe to use from several threads.

    Calls use the model of the operator and those that are downloaded; an agent causes no other
    download. URLs obey the settings of the service: `fetch_urls`, `fetch_private`, `max_upload`.
    """

    def __init__(
        self,
        roots: Roots,
        settings: Settings,
        backend: str = "faster",
        model: str | None = None,
        load: LoadOptions | None = None,
    ) -> None:
        self.roots = roots
        self.transcripts = Transcripts()
        self._settings = settings
        self._backend, self._model, self._load = backend, model, load
        self._pool = Pool()
        self._tools: Mapping[str, Callable[[dict[str, Any], Call], Answer]] = {
            "transcribe": self._transcribe,
            "translate": self._translate,
            "align": self._align,
            "search_transcript": self._search,
            "list_models": self._list_models,
        }

    def call(self, name: str, arguments: dict[str, Any], call: Call) -> Answer:
        """Run a tool.

        Raises:
            OptionError: no such tool, or its arguments do not fit its schema.
            UnispeechError: the tool failed.
        """
        if name not in BY_NAME:
            hint = did_you_mean(nearest(name, BY_NAME), f"use one of {', '.join(BY_NAME)}")
            raise OptionError(f"there is no tool {name!r}", hint)
        _check(name, arguments)
        return self._tools[name](arguments, call)

    def close(self) -> None:
        self._pool.close()

    def _transcribe(self, arguments: dict[str, Any], call: Call) -> Answer:
        return self._decode(arguments, call, task="transcribe")

    def _translate(self, arguments: dict[str, Any], call: Call) -> Answer:
        return self._decode(arguments, call, task="translate")

    def _decode(self, arguments: dict[str, Any], call: Call, task: Task) -> Answer:
        options = {name: value for name, value in arguments.items() if name not in CALLS}
        model = self._allowed(arguments.get("model"))
        with (
            self._recording(arguments["source"], call) as path,
            self._pool.engine(self._backend, model, self._load) as engine,
        ):
            transcript = engine.transcribe(
                path,
                on_progress=call.on_progress,
                cancelled=call.cancelled,
                task=task,
                **options,
            )
        return self._kept(transcript, arguments["source"], arguments.get("format", "txt"))

    def _align(self, arguments: dict[str, Any], call: Call) -> Answer:
        from unispeech.aligners import soundswallower
        from unispeech.backends import registry
        from unispeech.engine import align

        language, text = arguments["language"], arguments["text"]
        with self._recording(arguments["source"], call) as path:
            if align.best_backend(language) == soundswallower.NAME:
                transcript = align.align(
                    path, text, language=language, on_progress=call.on_progress
                )
            else:
                self._allowed(registry.find("mms").default_model)
                with self._pool.engine("mms", None, self._load) as engine:
                    transcript = engine.align(
                        path,
                        text,
                        on_progress=call.on_progress,
                        cancelled=call.cancelled,
                        language=language,
                    )
        return self._kept(transcript, arguments["source"], arguments.get("format", "json"))

    def _search(self, arguments: dict[str, Any], call: Call) -> Answer:
        name = arguments["transcript"]
        matches = search(self._transcript(name), arguments["query"])
        lines = [f"{match.start:.2f}-{match.end:.2f} s: {match.text}" for match in matches[:SHOWN]]
        count = f"{len(matches)} {'match' if len(matches) == 1 else 'matches'}"
        if len(matches) > SHOWN:
            count += f"; the first {SHOWN}"
        rows = [asdict(match) for match in matches[:SHOWN]]
        return Answer("\n".join([count, *lines]), {"count": len(matches), "matches": rows})

    def _transcript(self, name: str) -> Transcript:
        is_file = Path(name).suffix.lower() in formats.readable()
        if name in self.transcripts or not is_file:
            return self.transcripts.get(name)
        return formats.read(self.roots.file(name, self._settings.max_upload))

    def _list_models(self, arguments: dict[str, Any], call: Call) -> Answer:
        from unispeech.models import catalog, weight_cache

        downloaded = {cached.name for cached in weight_cache.cached_models()}
        known = {entry.name: entry for entry in catalog.ENTRIES}
        rows = [
            {
                "model": name,
                "downloaded": name in downloaded,
                "megabytes": known[name].megabytes if name in known else None,
                "languages": len(known[name].languages) if name in known else None,
            }
            for name in [*known, *sorted(downloaded - set(known))]
        ]
        lines = [
            f"{row['model']}{' (downloaded)' if row['downloaded'] else ''}"
            + (f": {row['megabytes']} MB" if row["megabytes"] else "")
            + (f", languages: {row['languages']}" if row["languages"] else "")
            for row in rows
        ]
        return Answer("\n".join(lines), {"models": rows, "default": self._model})

    def _allowed(self, name: str | None) -> str | None:
        """The model of a call.

        Raises:
            UnknownModel: no such name.
            ModelUnavailable: it is not downloaded.
        """
        from unispeech.models import model_names, weight_cache

        if name is None or name == self._model:
            return self._model
        key = model_names.key_of(name)
        if not weight_cache.formats(key):
            raise ModelUnavailable(
                f"model {name!r} is not downloaded", f"run: unispeech models pull {name}"
            )
        return key

    @contextmanager
    def _recording(self, source: str, call: Call) -> Iterator[Path]:
        """The file of a recording; that of a URL is downloaded, and deleted afterwards."""
        limit = self._settings.max_upload
        if "://" not in source:
            yield self.roots.file(source, limit)
            return
        with tempfile.TemporaryDirectory(prefix="unispeech-") as folder:
            target = Path(folder) / "download"
            asyncio.run(self._download(source, target, limit, call))
            try:
                yield target
            except AudioError as error:
                message = error.message.replace(str(target), source)
                raise AudioError(message, error.hint, code=error.code) from error

    async def _download(self, url: str, target: Path, limit: int, call: Call) -> None:
        from unispeech.server.jobs.fetch import fetch_allowed

        task = asyncio.ensure_future(fetch_allowed(self._settings, url, target, limit))
        while not task.done():
            await asyncio.wait([task], timeout=POLL)
            if call.cancelled():
                task.cancel()
                raise Cancelled()
        task.result()

    def _kept(self, transcript: Transcript, source: str, format: str) -> Answer:
        transcript = replace(transcript, source=source)
        id = self.transcripts.add(transcript)
        facts = f"transcript {id}; {transcript.duration:.2f} s; language {transcript.language}"
        notes = [f"warning: {line}" for line in transcript.warnings]
        text = "\n".join([transcript.to(format).rstrip("\n"), "", facts, *notes])
        data = {
            "transcript": id,
            "text": transcript.text,
            "language": transcript.language,
            "duration": transcript.duration,
            "complete": transcript.complete,
            "warnings": list(transcript.warnings),
        }
        return Answer(text, data, id)


def _check(name: str, arguments: dict[str, Any]) -> None:
    """Raises:
    OptionError: the arguments do not fit the schema of the tool.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(BY_NAME[name].schema).iter_errors(arguments))
    if error is not None:
        place = "".join(f"{part}: " for part in error.absolute_path)
        reason = error.message if len(error.message) < 300 else f"breaks {error.validator!r}"
        raise OptionError(f"{name}: {place}{reason}", "see the tool's schema")
