"""Languages by every form of their code."""

from __future__ import annotations

import pytest

from unispeech import languages

SPACELESS_ROWS = {
    "bod", "cdo", "cmn-script_simplified", "cmn-script_traditional", "cpx", "jpn", "khm", "lao",
    "mya", "tha", "yue-script_simplified", "yue-script_traditional", "zho",
}  # fmt: skip
"""Rows of the table whose language is written without spaces between words."""


def test_exactly_these_rows_of_the_table_are_spaceless() -> None:
    assert {code for code in languages.table() if languages.is_spaceless(code)} == SPACELESS_ROWS


@pytest.mark.parametrize("code", sorted(SPACELESS_ROWS))
def test_every_form_of_a_code_is_spaceless(code: str) -> None:
    base = code.partition("-")[0]
    part1 = languages.iso639_1(code) or base
    for form in (code, base, part1, f"{part1}-XX", f"{part1}_XX", code.upper()):
        assert languages.is_spaceless(form), form


@pytest.mark.parametrize("code", ["en", "eng", "azj-script_latin", "ko", "hak", "", None])
def test_other_languages_have_spaces(code: str | None) -> None:
    assert not languages.is_spaceless(code)


@pytest.mark.parametrize("code", sorted(languages.SPACELESS - {"yue"}))
def test_a_spaceless_language_has_a_row(code: str) -> None:
    rows = languages.table()
    assert code in rows or code in {row.iso639_1 for row in rows.values()}


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("zh-Hant-TW", "zh"),
        ("pt-BR", "pt"),
        ("en_US", "en"),
        ("sr-Latn", "sr"),
        ("de-CH-1996", "de"),
    ],
)
def test_regional_tags_are_their_language(tag: str, code: str) -> None:
    assert languages.code(tag) == code
