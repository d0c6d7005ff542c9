"""The options of the layout. The command line, the service and Python take them from here."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

from unispeech.errors import OptionError, did_you_mean, nearest
from unispeech.option_schema import Option, declarations, option, validate
from unispeech.text.layout.presets import PRESETS

LABELS = ("name", "dash", "none")


@dataclass(frozen=True, slots=True)
class Layout:
    """Limits for subtitles. Words without times get times in proportion to their length.

    `Layout()` shows each segment as it is. `Layout.preset("netflix", max_cps=20)` starts from
    house rules, whose values depend on the language of the transcript.

    Raises:
        OptionError: a value is invalid.
    """

    max_line_width: int | None = option(
        None, "Width of a line in cells; a kanji or an emoji takes two.", bounds=(1, 1000)
    )
    max_line_count: int | None = option(None, "Lines in a subtitle.", bounds=(1, 1000))
    max_words_per_line: int | None = option(None, "Words in a line.", bounds=(1, 1000))
    max_cps: float | None = option(
        None, "Characters a second: show dense subtitles for longer.", bounds=(0.1, 1000.0)
    )
    min_duration: float | None = option(
        None, "Shortest subtitle.", unit="seconds", bounds=(0.0, 60.0)
    )
    max_duration: float | None = option(
        None, "Longest subtitle.", unit="seconds", bounds=(0.1, 3600.0)
    )
    min_gap: float | None = option(
        None, "Shortest gap between subtitles; with 0 they never overlap.", unit="seconds",
        bounds=(0.0, 10.0),
    )  # fmt: skip
    close_gap: float | None = option(
        None, "Close gaps that are shorter than this.", unit="seconds", bounds=(0.0, 10.0)
    )
    linger: float | None = option(
        None, "Show a subtitle after its last word.", unit="seconds", bounds=(0.0, 10.0)
    )
    max_pause: float | None = option(
        None, "Pause that ends a subtitle; shorter ones join segments.", unit="seconds",
        bounds=(0.0, 60.0),
    )  # fmt: skip
    fps: float | None = option(
        None, "Move times to frames of this rate.", unit="frames/s", metavar="RATE",
        bounds=(1.0, 240.0),
    )  # fmt: skip
    speaker_labels: str | None = option(
        None, "Show the `name`, a `dash` a line where two speakers share a subtitle, or `none`.",
        choices=LABELS, shown_default="name",
    )  # fmt: skip
    rtl_marks: str | None = option(
        None, "Direction marks at the ends of right-to-left lines.", choices=("add", "none"),
        shown_default="none",
    )  # fmt: skip
    based_on: str | None = option(
        None, "House rules; the other options replace their values.", choices=tuple(PRESETS),
        request_name="preset",
    )  # fmt: skip

    def __post_init__(self) -> None:
        validate(self)
        shortest, longest = self.min_duration, self.max_duration
        if shortest is not None and longest is not None and shortest > longest:
            raise OptionError(
                f"min_duration {shortest} is more than max_duration {longest}",
                "lower min_duration or raise max_duration",
                option="min_duration",
            )

        if self.based_on is not None:
            self.of("")  # a value that does not go with those of the preset

    @classmethod
    def preset(cls, name: str, **values: Any) -> Self:
        """House rules by name, with some values replaced.

        Raises:
            OptionError: the preset or a value is unknown or invalid.
        """
        if name not in PRESETS:
            hint = did_you_mean(nearest(name, PRESETS), f"use one of {', '.join(PRESETS)}")
            raise OptionError(f"preset {name!r} is unknown", hint, option="preset")
        known = {field.name for field in fields(cls)} - {"based_on"}
        for value in values:
            if value not in known:
                raise OptionError(
                    f"layout option {value!r} is unknown",
                    did_you_mean(nearest(value, known), f"use one of {', '.join(sorted(known))}"),
                    option=value,
                )
        return cls(based_on=name, **values)

    def of(self, language: str) -> Self:
        """The limits for a language, with the values of the preset filled in."""
        if self.based_on is None:
            return self
        values = PRESETS[self.based_on].for_language(language)
        missing = {name: value for name, value in values.items() if getattr(self, name) is None}
        return replace(self, **missing, based_on=None)

    @property
    def chosen(self) -> list[str]:
        """Names of the options that are set; `preset` for house rules."""
        return [row.field for row in LAYOUT_OPTIONS if getattr(self, row.name) is not None]

    @property
    def given(self) -> bool:
        """True if any option is set."""
        return bool(self.chosen)

    @property
    def cuts(self) -> bool:
        """True if a segment may become several cues or lines."""
        names = ("max_line_width", "max_line_count", "max_words_per_line", "max_duration",
                 "max_pause", "based_on")  # fmt: skip
        return any(getattr(self, name) is not None for name in names)

    @property
    def is_timed(self) -> bool:
        """True if the layout sets the times of cues, so that they never overlap."""
        names = ("min_duration", "max_duration", "min_gap", "close_gap", "linger", "fps",
                 "max_pause")  # fmt: skip
        return any(getattr(self, name) is not None for name in names)

    @property
    def joins(self) -> bool:
        """True if segments may share a cue."""
        return self.max_pause is not None or self.speaker_labels == "dash"


LAYOUT_OPTIONS: tuple[Option, ...] = tuple(declarations(Layout))
"""The declarations of the layout's options."""
