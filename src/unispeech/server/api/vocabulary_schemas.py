"""Request and response bodies of the vocabulary lists."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from unispeech.option_schema import MAX_TEXT
from unispeech.server.storage.disk import clean_name

MAX_NAME = 60
"""Characters of the name of a list."""
MAX_WORD = 100
"""Characters of a word or phrase."""
CONTROL = ("Cc", "Cs")
"""Unicode categories of characters that no word has. Persian needs those of Cf."""
SEPARATOR = ", "
"""Separator of words in the option `hotwords`."""


def normal_name(name: str) -> str:
    """Return a name as it is stored: without surrounding spaces, and with composed letters."""
    return unicodedata.normalize("NFC", name).strip()


def _list_name(name: str) -> str:
    name = normal_name(name)
    if not name.strip(".") or "," in name or clean_name(name, "") != name:
        raise ValueError("needs printable characters, without slashes and commas")
    return name


ListName = Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_list_name)]


class NewVocabulary(BaseModel):
    """Words of a vocabulary list, and a new name for it."""

    model_config = ConfigDict(extra="forbid")

    words: list[Annotated[str, Field(max_length=MAX_WORD)]] = Field(
        max_length=1000,
        description="Names, terms and short phrases. Empty ones and repetitions are left out. "
        f"Joined by commas they may have {MAX_TEXT} characters, the limit of `hotwords`.",
    )
    name: ListName | None = Field(None, description="New name of the list; null: its own.")

    @field_validator("words")
    @classmethod
    def _are_words(cls, words: list[str]) -> list[str]:
        words = [" ".join(unicodedata.normalize("NFC", word).split()) for word in words]
        words = list(dict.fromkeys(filter(None, words)))
        for word in words:
            if "," in word or any(unicodedata.category(c) in CONTROL for c in word):
                raise ValueError(f"{word!r} has a comma or a control character")
        size = len(SEPARATOR.join(words))
        if size > MAX_TEXT:
            raise ValueError(f"{size} characters are too many; a list may have {MAX_TEXT}")
        return words


class VocabularyShown(BaseModel):
    """Vocabulary list."""

    name: str
    words: list[str]
    changed: float = Field(description="Unix time of the last change.")


class VocabularyInList(BaseModel):
    """Vocabulary list without its words."""

    name: str
    size: int = Field(description="Number of words.")
    changed: float = Field(description="Unix time of the last change.")


class VocabularyList(BaseModel):
    """Vocabulary lists of the caller, by name."""

    vocabularies: list[VocabularyInList]
