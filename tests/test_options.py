"""Options: validation, flat names, old names, and the interfaces that offer each."""

from dataclasses import fields
from typing import Any, get_args, get_type_hints

import click
import pytest

from support.errors import raises
from unispeech import languages
from unispeech.backends.base import Capabilities
from unispeech.cli.bench import run as bench_run
from unispeech.cli.flags import explicit_options
from unispeech.cli.mic import mic
from unispeech.cli.spelling import with_flags
from unispeech.cli.transcribe import transcribe
from unispeech.errors import OptionError
from unispeech.option_schema import Interface
from unispeech.options import (
    OPTIONS,
    RENAMED,
    AnnotateOptions,
    BatchOptions,
    CallOptions,
    DecodeOptions,
    EngineOptions,
    LoadOptions,
    SoundOptions,
    TranscribeOptions,
    VadOptions,
    options_for,
)
from unispeech.realtime.options import LiveOptions
from unispeech.server.api import schemas
from unispeech.text.rules import TextRules
from unispeech.text.subtitles import Layout


def test_flat_names_set_the_options_of_their_stage() -> None:
    options = TranscribeOptions.of(beam_size=2, vad=False, batch_size=4, strategy="native")
    assert options.decode.beam_size == 2
    assert not options.vad.enabled
    assert options.batch.batch_size == 4
    assert options.strategy == "native"


def test_call_options_override_the_engine() -> None:
    base = TranscribeOptions.of(beam_size=2, language="fr")
    options = TranscribeOptions.of(base, beam_size=3)
    assert (options.decode.beam_size, options.decode.language) == (3, "fr")


def test_an_unknown_option_suggests_the_nearest_name() -> None:
    with raises(OptionError, "'beam_size'"):
        TranscribeOptions.of(beam_sizes=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beam_size", 0),
        ("vad", None),
        ("word_timestamps", "yes"),
        ("task", "sing"),
        ("strategy", "magic"),
        ("batch_size", 0),
        ("temperature", 9.0),
    ],
)
def test_an_invalid_value_names_the_option(name: str, value: Any) -> None:
    with raises(OptionError, option=name):
        TranscribeOptions.of(**{name: value})


@pytest.mark.parametrize(
    ("language", "code"),
    [("fr", "fr"), ("French", "fr"), ("de-CH", "de"), ("MANDARIN", "zh"), ("pt_BR", "pt")],
)
def test_languages_are_accepted_by_code_and_name(language: str, code: str) -> None:
    assert languages.code(language) == code


def test_an_unknown_language_suggests_the_nearest_name() -> None:
    with raises(OptionError, "swahili"):
        languages.code("swahilli")


def test_typed_dicts_declare_every_option_with_its_type() -> None:
    declared: dict[str, Any] = {}
    for kind, prefix in [
        (LoadOptions, ""), (SoundOptions, ""), (DecodeOptions, ""), (VadOptions, "vad_"),
        (BatchOptions, ""), (AnnotateOptions, ""), (TextRules, ""), (TranscribeOptions, ""),
    ]:  # fmt: skip
        hints = get_type_hints(kind)
        for field in fields(kind):
            if "option" in field.metadata:
                name = (
                    "vad" if kind is VadOptions and field.name == "enabled" else prefix + field.name
                )
                declared[name] = hints[field.name]
    assert set(declared) == set(OPTIONS)
    hints = {n: hint for n, hint in get_type_hints(EngineOptions).items() if n not in RENAMED}
    declared["audio_track"] = int | declared["audio_track"]
    declared["temperature"] = float | declared["temperature"]  # one number or several
    assert hints == declared
    load = {field.name for field in fields(LoadOptions)}
    assert set(get_type_hints(CallOptions)) == {*OPTIONS, *RENAMED} - load


def test_the_capabilities_that_options_name_exist() -> None:
    known = {field.name for field in fields(Capabilities)}
    assert {row.capability for row in OPTIONS.values() if row.capability} <= known


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_has_help_and_a_reason_for_every_exclusion(name: str) -> None:
    row = OPTIONS[name]
    assert row.help.endswith(".") or row.help.endswith("...")
    assert set(row.excluded) <= set(get_args(Interface)) and all(row.excluded.values())
    if row.bounds:
        assert row.default is None or row.bounds[0] <= row.default <= row.bounds[1]


def flags(command: click.Command) -> set[str]:
    return {flag for parameter in command.params for flag in parameter.opts}


def flag(name: str) -> str:
    return "--no-vad" if name == "vad" else "--" + name.replace("_", "-")


def test_interfaces_offer_exactly_the_options_that_the_table_does_not_exclude() -> None:
    """Compares the table with the real commands, request models and engine."""
    plural = {"compute_type": "compute_types", "batch_size": "batch_sizes",
              "strategy": "strategies", "beam_size": "beam_sizes"}  # fmt: skip
    interfaces: dict[Interface, set[str]] = {
        "cli": {n for n in OPTIONS if flag(n) in flags(transcribe)},
        "bench": {n for n in OPTIONS if flag(plural.get(n, n)) in flags(bench_run)} - {"language"},
        "api": {n for n, row in OPTIONS.items() if row.field in schemas.JobFields.model_fields},
        "range": {n for n, row in OPTIONS.items() if row.field in schemas.Range.model_fields}
        - {"start", "end"},  # its own, relative to the recording
    }
    for interface, names in interfaces.items():
        assert names == {row.name for row in options_for(interface)}, interface
    live = {row.name for row in options_for("live")}
    assert {n for n in OPTIONS if flag(n) in flags(mic)} == live
    stream = schemas.StreamOptions.model_fields
    assert {n for n in OPTIONS if n in stream} == {row.name for row in options_for("live", "api")}
    assert set(EngineOptions.__annotations__) == {*OPTIONS, *RENAMED}


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_name_of_an_option_is_accepted_with_a_warning(
    old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.warns(DeprecationWarning, match=new) as warned:
        options = TranscribeOptions.of(None, **{old: "mms"})
    assert warned[0].filename == __file__  # Python hides the warning if it names another module
    assert options == TranscribeOptions.of(None, **{new: "mms"})
    (hidden,) = [parameter for parameter in transcribe.params if flag(old) in parameter.opts]
    assert isinstance(hidden, click.Option) and hidden.hidden
    assert explicit_options({old: "mms", "vad_pad": None}) == {new: "mms"}
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and flag(old) in message and flag(new) in message


def test_zero_counts_as_a_value_and_an_unset_flag_does_not() -> None:
    assert explicit_options({"beam_size": 0, "align": False, "no_vad": False}) == {"beam_size": 0}
    assert explicit_options({"no_vad": True, "align": True}) == {"align": True, "vad": False}


def test_temperatures_may_be_a_list() -> None:
    ladders: list[Any] = [[0.0, 0.5], (0.0, 0.5)]
    for ladder in ladders:
        assert TranscribeOptions.of(temperature=ladder).decode.temperature == (0.0, 0.5)


def test_a_load_option_is_rejected_in_a_call() -> None:
    with raises(OptionError, option="device") as error:
        TranscribeOptions.of(device="cpu")
    assert "did you mean" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (LiveOptions, "step", 0),
        (LiveOptions, "endpoint", "x"),
        (Layout, "max_line_width", 0),
        (Layout, "max_line_count", 1.5),
        (Layout, "max_cps", "fast"),
    ],
)
def test_an_invalid_value_is_reported_with_its_flag(kind: Any, name: str, value: object) -> None:
    with raises(OptionError, name, repr(value), option=name) as error:
        kind(**{name: value})
    assert with_flags(error.value).startswith(flag(name))


def test_speaker_counts_without_diarization_are_reported_with_flags() -> None:
    with raises(OptionError) as error:
        TranscribeOptions.of(min_speakers=2)
    assert {"--min-speakers", "--diarize;"} <= set(with_flags(error.value).split())


@pytest.mark.parametrize("language", ["auto", "Auto", " auto "])
def test_the_language_auto_is_detected(language: str) -> None:
    assert TranscribeOptions.of(language=language) == TranscribeOptions()
    # Without a fixed language, detection options are no contradiction.
    assert TranscribeOptions.of(language=language, language_per_chunk=True).language_per_chunk
