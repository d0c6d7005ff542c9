"""The contract of aligners: the times of words that are known to be spoken."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from unispeech.types import Samples, Word


class Aligner(ABC):
    """Finds the times of the words of a text. Safe to call from several threads."""

    name: str
    """The value of `Word.timed_by` of its words."""

    @abstractmethod
    def align(
        self, samples: Samples, words: Sequence[str], language: str | None, phones: bool = False
    ) -> list[Word | None]:
        """The times of words, in seconds from the start of the 16 kHz samples, shape (n,).

        One item for each word, in order: None for a word that cannot be timed (a dash, another
        script, no path). With `phones` the words have their phones, if the aligner knows them.

        Raises:
            AudioError: the text is too long for the sound.
            BackendError: the model failed.
        """

    def close(self) -> None:  # noqa: B027  (an aligner may hold no model)
        """Free the memory. The aligner cannot be used afterwards. May be called twice."""
