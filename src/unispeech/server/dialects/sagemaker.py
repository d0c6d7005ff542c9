"""SageMaker's container contract: `/ping` and `/invocations`, with the bodies and answers of
Hugging Face's containers and of AWS's recipe for wav2vec2."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from unispeech.audio.pcm import check_rate, to_int16
from unispeech.call import Call
from unispeech.server.http import forms, ignored_fields
from unispeech.server.http.blocking_work import disconnect_event
from unispeech.server.http.dependencies import Caller, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED, RequestError
from unispeech.server.http.json_bodies import json_schema, parse_large
from unispeech.server.http.routing import Route
from unispeech.server.service import Service
from unispeech.server.speech.speech import SpeechRequest
from unispeech.types import Samples, Segment, Transcript, Word

router = APIRouter(tags=["SageMaker"], route_class=Route)

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
"""Header that carries options beside a recording, as `language=de,return_timestamps=word`."""
MAX_CHANNELS = 8
"""Rows of a two-dimensional `speech_array`; with more it is taken for something else."""
FULL_SCALE = 32768
"""Integer samples of 16 bits per 1.0."""
LOUDEST = 2.0
"""Largest sample of an array in floating point. Resampling exceeds 1.0 a little."""
OPTIONS = ("language", "task", "return_timestamps")
REFUSED_TYPES = ("multipart/", "text/", "image/", "application/x-npy")
"""Beginnings of content types that hold no recording as it is. Other types of an unknown kind are
decoded, since clients send many for recordings."""


class Invocation(BaseModel):
    """Samples, as in AWS's recipe, or a recording in base64, as in Hugging Face's containers."""

    speech_array: Any = Field(
        None, description="Samples of -1 to 1, or 16-bit integers: a list, or JSON in a text."
    )
    sampling_rate: int | None = Field(None, description="Rate of `speech_array` in Hz.")
    inputs: str | None = Field(None, description="A recording in base64.")
    parameters: dict[str, Any] | None = Field(
        None,
        description="`return_timestamps` (true or `word`), and `generate_kwargs` with `language` "
        "and `task`.",
    )


JSON_BODY = json_schema(Invocation)
JSON_BODY["requestBody"]["content"]["audio/*"] = {"schema": {"type": "string", "format": "binary"}}


@dataclass(frozen=True, slots=True)
class Wishes:
    """Options of an invocation."""

    values: Mapping[str, Any]
    """Values of `OPTIONS`."""
    ignored: tuple[str, ...] = ()
    """Names without effect."""

    @property
    def timestamps(self) -> str:
        """Times to return: "", "segment" or "word"."""
        value = self.values.get("return_timestamps")
        text = str(value).lower() if value is not None else "false"
        times = {"false": "", "0": "", "": "", "true": "segment", "1": "segment", "word": "word"}
        if text not in times:
            raise RequestError(
                400, f"return_timestamps is {text[:50]!r}", "use true, false or word",
                param="return_timestamps",
            )  # fmt: skip
        return times[text]

    def speech_request(self, service: Service) -> SpeechRequest:
        """Return the request for the engine.

        Raises:
            UnispeechError: see `Speech.make_request`.
        """
        language = str(self.values.get("language") or "")
        return service.speech.make_request(
            language=re.sub(r"<\|(.+)\|>", r"\1", language) or None,
            task=self.values.get("task") or None,
            word_timestamps=self.timestamps == "word" or None,
        )


@router.get(
    "/ping",
    summary="Check that the container is ready, as SageMaker does",
    response_class=Response,
    responses={503: {"description": "Starting or stopping."}},
)
async def ping(service: TheService) -> Response:
    """Answer without using the database or an engine. Needs no API key.

    With UNISPEECH_PRELOAD the server listens only after its model is loaded.
    """
    return Response(status_code=200 if service.ready else 503)


@router.post(
    "/invocations",
    summary="Transcribe a recording, as SageMaker asks",
    responses=DOCUMENTED,
    openapi_extra=JSON_BODY,
)
async def invocations(request: Request, service: TheService, key: Caller) -> Response:
    """Transcribe a recording in the body, or one in JSON, and wait for the result."""
    service.speech.check_capacity()
    limit = service.max_upload(key)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith(REFUSED_TYPES):
        raise RequestError(
            400, f"content type {kind[:100]!r} is not supported",
            "send the recording as the body, as audio/wav or application/octet-stream, or JSON",
        )  # fmt: skip
    async with scratch(service) as folder:
        upload = folder / "upload"
        if kind == "application/json":
            wishes = await _receive_json(request, upload, limit)
        else:
            wishes = attributes(request.headers.get(ATTRIBUTES, ""))
            if not await forms.save_body(request, upload, limit):
                raise RequestError(400, "the body is empty", "send a recording or JSON")
        speech_request = await asyncio.to_thread(wishes.speech_request, service)
        async with service.speech.admitted(), disconnect_event(request) as disconnected:
            decoded = await service.speech.decode(upload, "recording", service.decode_range(key))
            call = Call(cancelled=disconnected.is_set)
            work = partial(service.speech.transcribe, speech_request, decoded, call)
            transcript = await service.speech.run(work, disconnected)
    response = JSONResponse(body(transcript, wishes.timestamps))
    return ignored_fields.add(response, wishes.ignored, dialect="sagemaker")


async def _receive_json(request: Request, target: Path, limit: int) -> Wishes:
    """Write the recording of a JSON body to a file, and return its options."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > forms.MAX_DOCUMENT:
            raise RequestError(413, f"the JSON has more than {forms.MAX_DOCUMENT} bytes")
    invocation = await parse_large(Invocation, bytes(data))
    await asyncio.to_thread(write_recording, invocation, target, limit)
    return wishes_of(invocation.parameters or {})


def write_recording(invocation: Invocation, target: Path, limit: int) -> None:
    """Write the recording of an invocation to a file.

    Raises:
        RequestError: there is none, or it is malformed or too large.
        AudioError: the sampling rate is out of range.
    """
    if invocation.speech_array is not None:
        if invocation.sampling_rate is None:
            raise RequestError(400, "sampling_rate is missing", "send it with speech_array")
        check_rate(invocation.sampling_rate)
        samples = samples_of(invocation.speech_array)
        with wave.open(str(target), "wb") as file:
            file.setparams((1, 2, invocation.sampling_rate, 0, "NONE", ""))
            file.writeframes(to_int16(samples).tobytes())
        return
    if not invocation.inputs:
        raise RequestError(400, "the JSON has no recording", "send speech_array or inputs")
    try:
        recording = base64.b64decode(invocation.inputs, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(400, "inputs is not base64", "encode the recording") from None
    if len(recording) > limit:
        raise RequestError(413, f"inputs has more than {limit} bytes", param="inputs")
    target.write_bytes(recording)


def samples_of(value: Any) -> Samples:
    """Return samples of shape (n,) from a list, or from JSON in a text; channels are mixed.

    Raises:
        RequestError: the value is not sound.
    """
    try:
        array = np.asarray(json.loads(value) if isinstance(value, str) else value, np.float64)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise _not_samples("not a list of numbers") from None
    if array.ndim == 2 and len(array) <= MAX_CHANNELS:
        array = array.mean(axis=0)
    if array.ndim != 1 or not array.size:
        raise _not_samples("empty, or not a list of numbers")
    if not np.isfinite(array).all():
        raise _not_samples("not finite everywhere")
    peak = np.abs(array).max()
    if peak > LOUDEST:
        if peak > FULL_SCALE or (array != np.rint(array)).any():
            raise _not_samples(f"up to {peak:g}")
        array = array / FULL_SCALE
    return array.astype(np.float32)


def _not_samples(reason: str) -> RequestError:
    return RequestError(
        400, f"speech_array is {reason}", "send samples from -1 to 1, or 16-bit integers",
        param="speech_array",
    )  # fmt: skip


def wishes_of(parameters: Mapping[str, Any]) -> Wishes:
    """Return the options of Hugging Face's `parameters`."""
    generation = parameters.get("generate_kwargs")
    generation = generation if isinstance(generation, dict) else {}
    values = {name: generation.get(name, parameters.get(name)) for name in OPTIONS}
    names = [name for name in parameters if name not in (*OPTIONS, "generate_kwargs")]
    names += [f"generate_kwargs.{name}" for name in generation if name not in OPTIONS]
    return Wishes(values, tuple(names))


def attributes(text: str) -> Wishes:
    """Return the options in SageMaker's custom attributes: `name=value`, separated by commas."""
    pairs = [pair.partition("=") for pair in re.split(r"[,;]", text) if pair.strip()]
    values = {name.strip(): value.strip() for name, _, value in pairs}
    known = {name: value for name, value in values.items() if name in OPTIONS}
    return Wishes(known, tuple(name for name in values if name not in OPTIONS))


def body(transcript: Transcript, timestamps: str) -> dict[str, Any]:
    """Return the answer in the form of transformers' pipeline."""
    answer: dict[str, Any] = {"text": transcript.text}
    if timestamps == "segment":
        answer["chunks"] = [_chunk(segment, segment.text) for segment in transcript.segments]
    elif timestamps == "word":
        answer["chunks"] = [
            _chunk(word, word.word) for segment in transcript.segments for word in segment.words
        ]
    return answer


def _chunk(span: Segment | Word, text: str) -> dict[str, Any]:
    return {"timestamp": [round(span.start, 3), round(span.end, 3)], "text": text}
