"""Form fields that OpenAI's API lacks and clients of compatible servers send.

Options of a job are honoured if the backend can; all other fields have no effect, which the
response reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from unispeech.option_schema import Option
from unispeech.options import options_for
from unispeech.server.http.error_responses import RequestError, validation_message
from unispeech.server.service import Service
from unispeech.server.speech.speech import SpeechRequest

HONOURED: Mapping[str, Option] = {
    row.field: row
    for row in options_for("api")
    # Speakers come with `diarized_json`, and `vad` is a name of ours only.
    if row.field not in ("speakers", "min_speakers", "max_speakers", "vad") and not row.is_list
}
"""Options of a job by field."""
ALWAYS = {"vad_filter": ("", "true", "1"), "task": ("", "transcribe")}
"""Fields whose value describes what the server does anyway."""


@dataclass(frozen=True, slots=True)
class ExtraFields:
    """Options of extra fields, and the names of the fields without effect."""

    options: Mapping[str, Any]
    ignored: tuple[str, ...]


def read(fields: Mapping[str, str], task: str) -> ExtraFields:
    """Sort the fields into options and ignored ones.

    Raises:
        RequestError: the value of an option is wrong.
    """
    options: dict[str, Any] = {}
    ignored = []
    for name, value in fields.items():
        if name in ALWAYS and value.lower() in ALWAYS[name] and task == "transcribe":
            continue
        if name not in HONOURED or (name == "task" and task == "translate"):
            ignored.append(name)
        elif value:
            options[HONOURED[name].name] = _parsed(HONOURED[name], value)
    return ExtraFields(options, tuple(ignored))


def _parsed(row: Option, value: str) -> Any:
    type: Any = Literal[row.choices] if row.choices else row.value_type
    try:
        return TypeAdapter(type).validate_python(value)
    except ValidationError as error:
        message = f"{row.field}: {validation_message(error.errors()[0])}"
        raise RequestError(400, message, param=row.field, code="invalid_value") from None


def make_request(
    service: Service, model: str | None, options: Mapping[str, Any], extra: Mapping[str, Any]
) -> tuple[SpeechRequest, list[str]]:
    """Return the checked request, and the names of extra options without effect: those that
    OpenAI's own fields override, and those that the backend cannot honour.

    Raises:
        UnispeechError: see `Speech.make_request`.
    """
    own = {name: value for name, value in options.items() if value is not None}
    added = {name: value for name, value in extra.items() if name not in own}
    review = service.speech.review_request(model, **added, **own)
    refused = {refusal.option for refusal in review.refusals}
    honoured = {name: value for name, value in added.items() if name not in refused}
    request = service.speech.make_request(model, **honoured, **own)
    return request, [name for name in extra if name not in honoured]
