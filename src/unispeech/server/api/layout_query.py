"""Query parameters of formats, layout and text rules, made from the declarations."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from unispeech.option_schema import Option
from unispeech.text.formats import DETAILS, Details
from unispeech.text.layout.limits import LAYOUT_OPTIONS
from unispeech.text.rules import TEXT_RULES, TextRules
from unispeech.text.subtitles import Layout

USUAL: Mapping[str, Any] = {"max_line_width": 42, "max_line_count": 2, "max_cps": 17.0}
"""Limits of a check without a preset; they suit most readers."""


def layout(**values: Any) -> Layout:
    """Return the layout of the query; without limits, subtitles are the segments."""
    return Layout(**{row.name: values[row.field] for row in LAYOUT_OPTIONS})


def limits(**values: Any) -> Layout:
    """Return the limits of a check."""
    if values["preset"] is None:
        values |= {name: USUAL[name] for name in USUAL if values[name] is None}
    return layout(**values)


def rules(**values: Any) -> TextRules:
    """Return the text rules of the query."""
    return TextRules(**{row.name: values[row.name] for row in TEXT_RULES})


def details(**values: Any) -> Details:
    """Return the choices of the format in the query."""
    return Details(**values)


def _switch(row: Option) -> inspect.Parameter:
    annotation = Annotated[row.value_type, Query(description=row.help)]  # type: ignore[name-defined]
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(row.name, kind, default=row.default, annotation=annotation)


def _parameter(row: Option, default: Any = None) -> inspect.Parameter:
    kind: Any = Literal[row.choices] if row.choices else row.value_type
    if kind is bool:
        return _switch(row)
    bounds: dict[str, Any] = (
        {} if row.bounds is None else {"ge": row.bounds[0], "le": row.bounds[1]}
    )
    unit = f" In {row.unit}." if row.unit else ""
    usual = f" Default: {default:g}, unless there is a preset." if default else ""
    query = Query(description=row.help + unit + usual, max_length=row.max_length, **bounds)
    return inspect.Parameter(
        row.field,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, query],
    )


# FastAPI reads the parameters of a dependency from its signature.
layout.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [_parameter(row) for row in LAYOUT_OPTIONS], return_annotation=Layout
)
limits.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [_parameter(row, USUAL.get(row.name)) for row in LAYOUT_OPTIONS], return_annotation=Layout
)
rules.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [_parameter(row) for row in TEXT_RULES], return_annotation=TextRules
)
details.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [_switch(row) for row in DETAILS], return_annotation=Details
)
TheDetails = Annotated[Details, Depends(details)]
TheRules = Annotated[TextRules, Depends(rules)]
TheLayout = Annotated[Layout, Depends(layout)]
TheLimits = Annotated[Layout, Depends(limits)]
