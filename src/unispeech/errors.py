"""Errors that reach a caller.

    UnispeechError                      root of the tree
    ├── AudioError (ValueError)         unusable recording
    │   ├── AudioNotFound (FileNotFoundError)
    │   └── AudioTruncated              ends before the length in its header
    ├── OptionError (ValueError)        option with an invalid value
    │   └── UnsupportedOption           valid value that this backend or model cannot honour
    ├── BackendError (RuntimeError)     failed runtime
    │   ├── UnknownBackend (LookupError)
    │   └── BackendMissing (ImportError)  known backend whose library is not installed
    ├── ModelError (RuntimeError)       unusable weights
    │   ├── UnknownModel (LookupError)
    │   ├── ModelUnavailable            known model that could not be downloaded
    │   └── ModelDamaged                truncated, modified, or of another architecture
    └── Cancelled                       the caller's `cancelled()` returned True

Most of them also derive from the standard library's nearest error, so `except FileNotFoundError`
works. `str(error)` is one line: the message and the hint.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

WORKER_DIED = "worker_died"
"""Code of the error of a call whose worker process ended."""


class UnispeechError(Exception):
    """Root of all errors of this package.

    `message` says what is wrong and `hint` what to do, one line each; `hint` may be empty. `code`
    is stable, for programs and tests. `option` is the Python name of the option at fault, or empty.
    Messages use Python names; the command line and the page translate them to flags and fields.
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
    """The recording is unusable: not audio, without sound, empty, or an invalid array."""

    code = "invalid_audio"


class AudioNotFound(AudioError, FileNotFoundError):
    """The file does not exist."""

    code = "audio_not_found"


class AudioTruncated(AudioError):
    """The recording ends early. Raised after all readable sound has been returned."""

    code = "audio_truncated"


class OptionError(UnispeechError, ValueError):
    """An option has an invalid value. The message names the option."""

    code = "invalid_value"


class UnsupportedOption(OptionError):
    """The backend or model cannot honour an option. Raised before any weights load."""

    code = "unsupported_option"


class BackendError(UnispeechError, RuntimeError):
    """A runtime failed. Backends wrap third-party exceptions in this error."""

    code = "backend_failed"


class UnknownBackend(BackendError, LookupError):
    """No backend has this name."""

    code = "backend_not_found"


class BackendMissing(BackendError, ImportError):
    """The backend's library is not installed. The hint is the install command."""

    code = "backend_not_installed"


class ModelError(UnispeechError, RuntimeError):
    """The weights are unusable."""

    code = "model_unusable"


class UnknownModel(ModelError, LookupError):
    """The name is no path, no model of the store or catalog, and no Hub id."""

    code = "model_not_found"


class ModelUnavailable(ModelError):
    """The model is known, but no source of its weights is reachable."""

    code = "model_not_available"


class ModelDamaged(ModelError):
    """The files are truncated, modified, or of another architecture."""

    code = "model_damaged"


class Cancelled(UnispeechError):
    """The caller cancelled the work."""

    code = "cancelled"

    def __init__(self, message: str = "cancelled", hint: str = "") -> None:
        super().__init__(message, hint)


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known name closest in spelling, or empty if no similarity reaches `cutoff` (0 to 1)."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=cutoff)), "")


def did_you_mean(near: str, otherwise: str = "") -> str:
    """The hint for an unknown name: its nearest known name, or `otherwise` if there is none."""
    return f"did you mean {near!r}?" if near else otherwise
