"""Every error a caller can meet.

    UnispeechError                      what went wrong, where; `hint` says what to do
    ├── AudioError (ValueError)         a recording that cannot be used
    │   ├── AudioNotFound (FileNotFoundError)
    │   └── AudioTruncated              it ends before its own header says; what came before is kept
    ├── OptionError (ValueError)        an option with a wrong value
    │   └── UnsupportedOption           a right value which this backend or model cannot honour
    ├── BackendError (RuntimeError)     a runtime failed
    │   ├── UnknownBackend (LookupError)
    │   └── BackendMissing (ImportError)  known, but its library is not installed
    ├── ModelError (RuntimeError)       weights that cannot be used
    │   ├── UnknownModel (LookupError)
    │   ├── ModelUnavailable            known, but it could not be downloaded
    │   └── ModelDamaged                truncated, tampered with, or not what it says it is
    └── Cancelled                       the caller's own `cancelled()` said so

Each one is also the standard library's nearest error, so `except FileNotFoundError` works.
`str(error)` is one line and ends with the hint.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UnispeechError(Exception):
    """The root of the tree. `message` and `hint` are one line each; `hint` may be empty.

    `code` is stable, for programs and tests; `option` is the option the error is about, by its
    Python name, or empty. Messages name options; a command line or a form spells them its own way.
    """

    code = "failed"
    option = ""

    def __init__(self, message: str, hint: str = "", *, code: str = "", option: str = "") -> None:
        self.message = " ".join(message.split())
        self.hint = " ".join(hint.split())
        self.code = code or type(self).code
        self.option = option
        super().__init__(self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class AudioError(UnispeechError, ValueError):
    """The recording cannot be used: not audio, no sound in it, empty, wrong samples."""

    code = "invalid_audio"


class AudioNotFound(AudioError, FileNotFoundError):
    """There is no such file."""

    code = "audio_not_found"


class AudioTruncated(AudioError):
    """The recording ends early. Raised after everything readable has been handed over."""

    code = "audio_truncated"


class OptionError(UnispeechError, ValueError):
    """An option has a value that makes no sense. The message names the option."""

    code = "invalid_value"


class UnsupportedOption(OptionError):
    """The backend or the model cannot honour an option. Raised before any weights load."""

    code = "unsupported_option"


class BackendError(UnispeechError, RuntimeError):
    """A runtime failed; third-party exceptions are wrapped in this at the backend's edge."""

    code = "backend_failed"


class UnknownBackend(BackendError, LookupError):
    """No backend has this name."""

    code = "backend_not_found"


class BackendMissing(BackendError, ImportError):
    """The backend is known but its library is not installed. The hint is the command."""

    code = "backend_not_installed"


class ModelError(UnispeechError, RuntimeError):
    """Weights cannot be used."""

    code = "model_unusable"


class UnknownModel(ModelError, LookupError):
    """Neither a path, nor in the store or catalog, nor a Hub id."""

    code = "model_not_found"


class ModelUnavailable(ModelError):
    """The model is known, but none of its sources could be reached."""

    code = "model_not_available"


class ModelDamaged(ModelError):
    """The files are truncated, tampered with, or of another architecture."""

    code = "model_damaged"


class Cancelled(UnispeechError):
    """The work was stopped by the caller."""

    code = "cancelled"

    def __init__(self, message: str = "cancelled", hint: str = "") -> None:
        super().__init__(message, hint)


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known name spelled most like this one, or empty where none is as alike as `cutoff`."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=cutoff)), "")


def did_you_mean(near: str, otherwise: str = "") -> str:
    """The hint of an error about an unknown name; `otherwise` where no name is near."""
    return f"did you mean {near!r}?" if near else otherwise
