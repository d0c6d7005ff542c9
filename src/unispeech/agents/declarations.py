"""The tools that agents may call, declared once, and their schemas in the shapes of APIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from unispeech.options import OPTIONS

FORMATS = ("txt", "srt", "vtt", "tsv", "json")
"""Formats in which agents get a transcript."""
MAX_TEXT = 1_000_000
"""Most characters of a text to align."""
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """Declaration of a tool. `properties` are JSON schemas of its arguments, by name."""

    name: str
    description: str
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> Schema:
        """The JSON schema of the arguments."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }


def _option(name: str) -> Schema:
    """The schema of an option of the engine, from its declaration."""
    row = OPTIONS[name]
    schema: Schema = {"type": TYPES[row.value_type], "description": row.help}
    if row.bounds:
        schema |= {"minimum": row.bounds[0], "maximum": row.bounds[1]}
    if row.unit:
        schema["description"] += f" In {row.unit}."
    if row.max_length:
        schema["maxLength"] = row.max_length
    return schema


_SOURCE: Schema = {
    "type": "string",
    "minLength": 1,
    "description": "Recording (audio or video): a path in the allowed folders, or an http(s) URL.",
}
_FORMAT: Schema = {
    "type": "string",
    "enum": list(FORMATS),
    "description": "Format of the answer. Default: txt. srt and vtt have times, json everything.",
}
_MODEL: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "description": "A downloaded model of list_models. Default: the server's.",
}
_DECODING: dict[str, Schema] = {
    "source": _SOURCE,
    "format": _FORMAT,
    "model": _MODEL,
    **{name: _option(name) for name in ("language", "initial_prompt", "start", "end")},
}

TOOLS = (
    Tool(
        "transcribe",
        "Transcribe the speech of a recording in its own language. The answer ends with the id of "
        "the transcript, for search_transcript.",
        {**_DECODING, "word_timestamps": _option("word_timestamps")},
        ("source",),
    ),
    Tool(
        "translate",
        "Translate the speech of a recording into English. Needs a multilingual model.",
        _DECODING,
        ("source",),
    ),
    Tool(
        "align",
        "Find the time of each word of a known text in its recording. Each line of the text "
        "becomes a segment.",
        {
            "source": _SOURCE,
            "text": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_TEXT,
                "description": "The text that is spoken.",
            },
            "language": _option("language"),
            "format": {
                **_FORMAT,
                "description": "Format of the answer. Default: json, with words.",
            },
        },
        ("source", "text", "language"),
    ),
    Tool(
        "search_transcript",
        "Find words or a phrase in a transcript, with the times at which they are spoken. Upper "
        "and lower case are equal.",
        {
            "transcript": {
                "type": "string",
                "minLength": 1,
                "description": "Id of a transcript of this server, or the path of a transcript in "
                "the allowed folders (srt, vtt, json, ...).",
            },
            "query": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1000,
                "description": "Words as they are spoken.",
            },
        },
        ("transcript", "query"),
    ),
    Tool("list_models", "List the speech models, and which of them are downloaded."),
)
BY_NAME = {tool.name: tool for tool in TOOLS}


def _mcp(tool: Tool) -> Schema:
    return {"name": tool.name, "description": tool.description, "inputSchema": tool.schema}


def _openai(tool: Tool) -> Schema:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.schema}
    return {"type": "function", "function": function}


def _responses(tool: Tool) -> Schema:
    return {"type": "function", "strict": False, **_openai(tool)["function"]}


def _anthropic(tool: Tool) -> Schema:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.schema}


SHAPES: Mapping[str, Callable[[Tool], Schema]] = {
    "openai": _openai,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "mcp": _mcp,
}
"""Shapes of a tool by the API that takes it: OpenAI's Chat Completions and Responses, Anthropic's
Messages, and `tools/list` of MCP."""
