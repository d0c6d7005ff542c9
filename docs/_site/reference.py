"""The generated pages of the reference: from the code, so that they cannot fall behind it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click

import unispeech
from unispeech.cli import cli
from unispeech.cli.help import option_groups
from unispeech.option_schema import Option
from unispeech.options import OPTIONS
from unispeech.server.app import create_app
from unispeech.server.settings import Settings, read
from unispeech.text.formats import DETAILS, FORMATS
from unispeech.text.formats.base import GAPS, LANGUAGES, SPEAKERS, WORDS

PYTHON = (
    ("Transcribe", ["transcribe", "Engine", "AsyncEngine"]),
    ("Results", ["Transcript", "Segment", "Word", "Gap", "Turn", "Progress"]),
    ("Formats", ["render", "Layout", "Details", "TextRules", "Edit"]),
    ("Live captions", ["Session", "Event"]),
)
"""Chapters of the Python reference. Names of `__all__` that are in none of them are errors."""
BACKENDS = (
    "unispeech.backends.base.Backend",
    "unispeech.backends.base.Capabilities",
    "unispeech.backends.spec.BackendSpec",
    "unispeech.models.facts.ModelFacts",
    "unispeech.types.Chunk",
    "unispeech.types.ChunkResult",
    "unispeech.testing.BackendContract",
    "unispeech.testing.fake_engine",
)
"""The interface of backends, which is public too."""
DOCS = Path(__file__).parents[1]
UNTESTED = re.compile(r"^( *)```\w+ not run: ([^\n]*)\n(.*?)^ *```", re.M | re.S)
"""A block that the tests only parse: its indent, the reason, and the code."""
GROUPS = {
    "data_dir": "Storage and address",
    "backend": "Models",
    "jobs_at_once": "Queues and streams",
    "max_upload": "Limits on recordings",
    "require_keys": "Access",
    "shutdown_timeout": "Operation",
    "base_url": "Webhooks, e-mail and notices",
}
"""The first setting of each group, and the group's title."""


def pages() -> dict[str, str]:
    """Every generated page by its path below `docs`."""
    return {
        "reference/python.md": python(),
        "reference/cli.md": command_line(),
        "reference/http.md": http(),
        "reference/settings.md": settings(),
        "reference/formats.md": formats(),
        "reference/untested.md": untested(),
    }


def python() -> str:
    """The Python interface: `unispeech.__all__`, the options, and the interface of backends."""
    listed = {name for _, names in PYTHON for name in names}
    errors = [name for name in unispeech.__all__ if name not in listed and name != "__version__"]
    parts = [
        "# Python",
        "`import unispeech` takes milliseconds: a library is imported when it is first used. The "
        "names on this page are the public interface; everything else may change in any release.",
    ]
    for title, names in PYTHON:
        parts.append(f"## {title}")
        parts += [f"::: unispeech.{name}" for name in names]
        if title == "Transcribe":
            parts += ["## Options", _options()]
    parts.append("## Errors")
    parts.append(
        "Each error is also the nearest one of the standard library, so `except FileNotFoundError` "
        "works. `str(error)` is one line that ends with what to do; `error.code` is stable."
    )
    parts += [f"::: unispeech.{name}" for name in errors]
    parts.append("## For authors of backends")
    parts.append("The guide [Write a backend](../guides/write-a-backend.md) puts these to use.")
    parts += [f"::: {name}" for name in BACKENDS]
    return "\n\n".join(parts) + "\n"


def _options() -> str:
    rows = [
        f"| `{row.name}` | {_escape(row.help)} | {_default(row)} | {_accepts(row)} |"
        for row in OPTIONS.values()
    ]
    return (
        "Keyword arguments of `transcribe`, of `Engine` and of an engine's calls. The first four "
        "say how weights are loaded and belong to the engine; a call may override the others.\n\n"
        "| option | meaning | default | accepts |\n| --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def _default(row: Option) -> str:
    return row.shown_default or ("" if row.default in (None, "") else f"`{row.default}`")


def _accepts(row: Option) -> str:
    if row.choices:
        return ", ".join(f"`{choice}`" for choice in row.choices)
    if row.bounds:
        low, high = row.bounds
        return f"{low:g} to {high:g}" + (f" {row.unit}" if row.unit else "")
    kinds = {bool: "true or false", str: "text", int: "whole number", float: "number"}
    return kinds[row.value_type]


def command_line() -> str:
    """Every command, from its own help."""
    parts = ["# Command line"]
    parts.append(
        "The exit code is 0 when everything was done, 1 when something failed and the rest was "
        "still done, 2 for wrong usage, and 130 after Ctrl-C; finished work is kept."
    )
    for path, command, context in _commands(cli, click.Context(cli, info_name="unispeech")):
        parts.append(f"{'##' if path.count(' ') < 2 else '###'} {path}")
        parts += _described(command, context)
    return "\n\n".join(parts) + "\n"


def _commands(
    command: click.Command, context: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _commands(below, click.Context(below, context, info_name=name))


def _described(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```"
    prose, _, examples = (command.help or "").partition("\b")
    yield _escape(" ".join(prose.split()))
    examples = examples.strip().removeprefix("Examples:")
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    if lines:
        yield "\n".join(["```sh", *lines, "```"])
    if isinstance(command, click.Group):
        rows = [
            (f"[`{name}`](#{context.command_path.replace(' ', '-')}-{name})", line)
            for name, line in _summaries(command, context)
        ]
        yield _table(("command", "purpose"), rows)
    groups = option_groups(command, context)
    if sum(map(len, groups.values())) > 1:  # more than --help
        for title, records in groups.items():
            yield f"**{title}**" if len(groups) > 1 else ""
            yield "\n\n".join(f"`{flags}`\n:   {_escape(text)}" for flags, text in records)


def _summaries(group: click.Group, context: click.Context) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield name, _escape(command.get_short_help_str(limit=200))


def http() -> str:
    """Every route, from the OpenAPI document that a server publishes."""
    with tempfile.TemporaryDirectory() as folder:
        document = create_app(read(data_dir=Path(folder))).openapi()
    rows = [
        ((operation.get("tags") or ["Other"])[0], method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    order = list(dict.fromkeys(row[0] for row in rows))
    rows.sort(key=lambda row: order.index(row[0]))
    parts = [
        "# HTTP",
        f"{document['info']['description']} A running server shows the same at `/docs`, and as a "
        "document at `/openapi.json`. [Use the HTTP API](../guides/http-api.md) explains how the "
        "routes work together.",
    ]
    for tag, group in groupby(rows, key=lambda row: row[0]):
        parts.append(f"## {tag}")
        for _, method, path, operation in group:
            parts.append(f"### {method} {path}")
            parts += _operation(operation, document)
    return "\n\n".join(parts) + "\n"


def _operation(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    yield operation.get("description") or operation.get("summary", "")
    fields = [
        (f"`{field['name']}`", field["in"], _kind(field["schema"], document), _about(field))
        for field in operation.get("parameters", ())
    ]
    for media, body in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(body["schema"], document)
        place = {"multipart/form-data": "form", "application/json": "JSON"}.get(media, media)
        if "properties" not in schema:
            fields.append(("body", place, _kind(schema, document), schema.get("description", "")))
        for name, field in schema.get("properties", {}).items():
            fields.append((f"`{name}`", place, _kind(field, document), _about(field)))
    if fields:
        yield _table(("field", "in", "type", "meaning"), fields)
    answers = [
        (f"`{status}`", _escape(answer.get("description", "")))
        for status, answer in operation.get("responses", {}).items()
    ]
    yield _table(("status", "response"), answers)


def _about(field: Mapping[str, Any]) -> str:
    text = field.get("description") or field.get("schema", {}).get("description", "")
    return _escape(" ".join(text.split()))


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        part: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            part = part[step]
        schema = part
    return schema


def _kind(schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """A schema in a few words: `string or null`, `json, txt or srt`."""
    schema = _resolved(schema, document)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(part, document) for part in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), document)}"
    return "file" if schema.get("format") == "binary" else str(schema.get("type", "any"))


def settings() -> str:
    """Every setting of the service, in the order of its class."""
    parts = [
        "# Settings",
        "Settings of `unispeech serve` and `unispeech worker`. Set an environment variable, or "
        "write `NAME=value` lines into a file and name it in `UNISPEECH_SETTINGS`. A misspelled "
        "name is reported at the start.",
    ]
    rows: list[tuple[str, str, str]] = []
    for name, field in Settings.model_fields.items():
        if name in GROUPS:
            parts += [_settings_table(rows)] if rows else []
            parts.append(f"## {GROUPS[name]}")
            rows = []
        shown = f"UNISPEECH_{name.upper()}" if field.validation_alias is None else name.upper()
        computed = field.default_factory is not None or field.default in (None, "")
        text = COMPUTED.get(name, "") if computed else f"`{field.default}`"
        rows.append((f"`{shown}`", _escape(field.description or ""), text))
    parts.append(_settings_table(rows))
    parts.append("## Variables that every command reads")
    parts.append(_settings_table(EVERYWHERE))
    return "\n\n".join(parts) + "\n"


def formats() -> str:
    """Every output format, from the registry."""
    rows = [
        (
            f"`{row.name}`",
            row.title,
            ", ".join(part for part in (SPEAKERS, LANGUAGES, WORDS, GAPS) if part in row.holds),
            ", ".join(f"`{choice.name}`" for choice in DETAILS if choice.name in row.choices),
            ", ".join(
                note
                for note, applies in (
                    ("subtitle layout", row.is_subtitle),
                    ("can be read", row.read),
                    ("bytes", not row.is_text),
                    ("`unispeech[formats]`", row.library),
                )
                if applies
            ),
        )
        for row in FORMATS.values()
    ]
    parts = [
        "# Formats",
        "The names are the same in `--format`, `unispeech.render`, `Transcript.to` and the "
        "server's `?format=`. The extension of a file is the name. Every format but `rttm` has the "
        "text. "
        "If the transcript has speakers or several languages and a format cannot hold them, one "
        "line on stderr, or the response header `X-UniSpeech-Warning`, says so.",
        _table(("format", "contents", "also holds", "choices", "notes"), rows),
        "`--format all` writes those of openai-whisper: txt, srt, vtt, tsv and json. "
        "[Transcribe recordings](../guides/transcribe.md#formats) explains the choices.",
    ]
    return "\n\n".join(parts) + "\n"


COMPUTED = {"data_dir": "the user's data folder", "require_keys": "true unless on loopback"}
"""Defaults that depend on the machine or on other settings."""
EVERYWHERE = [
    ("`UNISPEECH_CACHE_DIR`", "Folder of the models.", "the user's cache folder"),
    ("`UNISPEECH_ENV_DIR`", "Folder of the backends' own environments.", "the user's data folder"),
    ("`UNISPEECH_DEBUG`", "Show the traceback of an unexpected error.", ""),
    ("`HF_HUB_OFFLINE`", "Skip the Hugging Face Hub.", ""),
    ("`HF_TOKEN`", "Access token for gated models of the Hugging Face Hub.", ""),
]


def untested() -> str:
    """The commands of the pages that the tests only parse, with the reason in the info string."""
    parts = [
        "# Commands that no test runs",
        "The tests run every command of these pages as written. The commands below cannot run "
        "there, so the tests compare them with the real help and the OpenAPI document.",
    ]
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        title = re.findall(r"^# (.*)", text, re.M)[0]
        place = path.relative_to(DOCS).as_posix().replace("README.md", "index.md")
        found = list(UNTESTED.finditer(text))
        if found:
            parts.append(f"## {title}")
            parts.append(f"In [{title}](../{place}).")
        for block in found:
            indent, reason, code = block.groups()
            lines = [line.removeprefix(indent) for line in code.splitlines()]
            parts.append(
                "\n".join([f"{reason[0].upper()}{reason[1:]}:", "", "```sh", *lines, "```"])
            )
    return "\n\n".join(parts) + "\n"


def _settings_table(rows: list[tuple[str, str, str]]) -> str:
    return _table(("setting", "meaning", "default"), rows)


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _escape(text: str) -> str:
    """Text as Markdown shows it literally, but for code in backticks."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    for at in range(0, len(parts), 2):
        for sign in "<>*_[]":
            parts[at] = parts[at].replace(sign, f"\\{sign}")
    return "`".join(parts)
