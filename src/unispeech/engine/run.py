"""A run: the chain of stages from sources to segments and transcripts, for one call.

source → audio → vad → chunking → batching → guard(backend) → stitch → Transcript
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import cast

from unispeech.annotate import annotation
from unispeech.annotate.annotation import Annotator
from unispeech.backends.base import Backend
from unispeech.backends.loaded import LoadedModels
from unispeech.backends.spec import BackendSpec
from unispeech.call import Call
from unispeech.engine import batched, lanes, native, spread
from unispeech.engine.decoder import Decoder
from unispeech.engine.language import Detection
from unispeech.engine.rewording import Rewording
from unispeech.engine.sound import Input
from unispeech.engine.source import Reader
from unispeech.engine.threads import Threads
from unispeech.errors import UnispeechError
from unispeech.models import attention_bias
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, TranscribeOptions
from unispeech.stages import doubts, stitch
from unispeech.types import End, Gap, Segment, Transcript


@dataclass(frozen=True, slots=True)
class Run:
    """Settled options and callbacks of one call, with the loaded model."""

    spec: BackendSpec
    facts: ModelFacts
    backend: Backend
    device: str
    models: LoadedModels
    threads: Threads
    options: TranscribeOptions
    call: Call

    def events(self, sources: Iterable[Input]) -> Iterator[Segment | Gap | End]:
        """Segments and gaps of each source in order, then its end."""
        run, lines = self._fitted()
        for item in run._merged(sources):
            if isinstance(item, End) and lines:
                warnings = (f"{item.name}: {line}" for line in lines)
                item = replace(item, warnings=(*item.warnings, *warnings))
            yield item

    def assist(self) -> None:
        """Decode open chunks of another process's call. Raises as `spread.assist`."""
        assert self.call.spread is not None
        run, _ = self._fitted()
        decode = Decoder(self.backend, run.options.decode, self.call)
        batch_size = self.options.batch.batch_size
        spread.assist(decode, self.call.spread, self.call.cancelled, batch_size)

    def _fitted(self) -> tuple[Run, list[str]]:
        """This run with the texts that the model can take, and a warning for each that changed."""
        fitted = self.backend.fit_prompt(self.options.decode)
        decode, notes = _without_empty_texts(fitted, has_guard=self.options.strategy != "native")
        run = replace(self, options=replace(self.options, decode=decode))
        return run, _cut(self.options.decode, fitted) + notes

    def _merged(self, sources: Iterable[Input]) -> Iterator[Segment | Gap | End]:
        if not self.options.sound.has_lanes:
            return self._events(sources)
        recordings: deque[list[Input]] = deque()
        expanded = lanes.expanded(sources, self.options.sound, recordings.append)
        return lanes.merged(self._events(expanded), recordings)

    def _events(self, sources: Iterable[Input]) -> Iterator[Segment | Gap | End]:
        annotation.fetch(self.options, self.facts, self.call.on_progress)
        bias = attention_bias.bias(self.spec.name, self.facts.name)
        annotator = Annotator(self.options, self.device, self.call, self.models, bias)
        if self.options.strategy == "native":
            own_alignment = self.spec.capabilities.native_alignment
            return native.events(
                self.backend, sources, self.options, self.call, annotator, own_alignment
            )
        return batched.events(
            self.reader(), sources, self.backend, self.call, annotator, self.threads
        )

    def reader(self) -> Reader:
        return Reader(
            Detection(
                self.backend,
                self.facts,
                self.options,
                self.models,
                self.device,
                self.spec.capabilities.language_changes or self.spec.capabilities.language_free,
            ),
            self.options,
            self.backend.windows,
            self.options.batch.chunk_length or self.backend.chunk_length,
            self.spec.context,
            has_seams=(
                self.options.decode.task == "transcribe"  # translations differ around a cut
                and not self.spec.capabilities.emissions
            ),
        )


def _cut(options: DecodeOptions, fitted: DecodeOptions) -> list[str]:
    """A warning for each text that the model cannot take as a whole."""
    texts = {
        "initial_prompt": (options.initial_prompt, fitted.initial_prompt),
        "hotwords": (options.hotwords, fitted.hotwords),
    }
    return [
        f"{name} is too long for the model: only the last {len(after or '')} of "
        f"{len(before)} characters were used"
        for name, (before, after) in texts.items()
        if before and after != before
    ]


def _without_empty_texts(
    options: DecodeOptions, has_guard: bool
) -> tuple[DecodeOptions, list[str]]:
    """Leave out texts that the model would continue instead of transcribing the speech, with a
    warning for each: those without words and, if no guard follows, those that repeat themselves
    (decision 0072)."""
    lines: list[str] = []

    def checked(name: str, text: str | None) -> str | None:
        if not text or not text.strip():
            return None
        if not any(map(str.isalnum, text)):
            lines.append(f"{name} has no letters or digits, so it was left out")
            return None
        if doubts.compression_ratio(text) <= doubts.MAX_COMPRESSION:
            return text
        if not has_guard:
            lines.append(f"{name} repeats itself, so it was left out")
            return None
        lines.append(
            f"{name} repeats itself: the model may continue it instead of transcribing the speech"
        )
        return text

    initial_prompt = checked("initial_prompt", options.initial_prompt)
    hotwords = checked("hotwords", options.hotwords)
    return replace(options, initial_prompt=initial_prompt, hotwords=hotwords), lines


def segments(start: Callable[[], Run], source: Input) -> Iterator[Segment]:
    """Run the chain over one source. `start` creates the run when the first segment is requested.

    Raises:
        UnispeechError: the source failed, or `start` refused the options. If an annotation failed,
            after the last segment.
    """
    run = start()
    rewording = Rewording(run.options)
    for item in run.events([source]):
        if isinstance(item, Segment):
            if (changed := rewording.segment(item)).text:
                run.call.on_segment(changed)
                yield changed
        elif isinstance(item, End) and (
            error := item.error or item.annotation_error or rewording.error
        ):
            raise error


def transcripts(
    start: Callable[[], Run], sources: Iterable[Input]
) -> Iterator[Transcript | UnispeechError]:
    """Run the chain over several sources. Yields a transcript or the error of each.

    `start` creates the run when the first result is requested.
    """
    run = start()
    segments: list[Segment] = []
    gaps: list[Gap] = []
    rewording = Rewording(run.options)
    for item in run.events(sources):
        if isinstance(item, Segment):
            segments.append(item)
            if (changed := rewording.segment(item)).text:
                run.call.on_segment(changed)
        elif isinstance(item, Gap):
            gaps.append(item)
        else:
            yield cast(UnispeechError, item.error) or rewording.transcript(
                stitch.transcript(
                    segments,
                    gaps,
                    item,
                    backend=run.spec.name,
                    model=run.facts.name,
                    task=run.options.decode.task,
                )
            )
            segments, gaps, rewording = [], [], Rewording(run.options)
