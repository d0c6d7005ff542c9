"""One speech-to-text engine over the Whisper runtimes and MMS.

    import unispeech

    transcript = unispeech.transcribe("interview.mp3")
    print(transcript.to("srt"))

The names in `__all__` are the public interface. Everything else is internal and may change in any
release, except the names in the guide for backends. Importing this package is cheap: it imports
each public name on first use.
"""

from __future__ import annotations

from importlib import import_module

from unispeech.version import __version__

TYPE_CHECKING = False  # stands in for `typing.TYPE_CHECKING`: typing is slow to import
if TYPE_CHECKING:
    from unispeech.engine.aio import AsyncEngine as AsyncEngine
    from unispeech.engine.engine import Engine as Engine
    from unispeech.engine.engine import transcribe as transcribe
    from unispeech.errors import AudioError as AudioError
    from unispeech.errors import AudioNotFound as AudioNotFound
    from unispeech.errors import AudioTruncated as AudioTruncated
    from unispeech.errors import BackendError as BackendError
    from unispeech.errors import BackendMissing as BackendMissing
    from unispeech.errors import Cancelled as Cancelled
    from unispeech.errors import ModelDamaged as ModelDamaged
    from unispeech.errors import ModelError as ModelError
    from unispeech.errors import ModelUnavailable as ModelUnavailable
    from unispeech.errors import OptionError as OptionError
    from unispeech.errors import UnispeechError as UnispeechError
    from unispeech.errors import UnknownBackend as UnknownBackend
    from unispeech.errors import UnknownModel as UnknownModel
    from unispeech.errors import UnsupportedOption as UnsupportedOption
    from unispeech.realtime.events import Event as Event
    from unispeech.realtime.session import Session as Session
    from unispeech.text.formats import Details as Details
    from unispeech.text.formats import render as render
    from unispeech.text.rules import Edit as Edit
    from unispeech.text.rules import TextRules as TextRules
    from unispeech.text.subtitles import Layout as Layout
    from unispeech.types import Gap as Gap
    from unispeech.types import Progress as Progress
    from unispeech.types import Segment as Segment
    from unispeech.types import Transcript as Transcript
    from unispeech.types import Turn as Turn
    from unispeech.types import Word as Word

_PUBLIC = {
    "engine.aio": ["AsyncEngine"],
    "engine.engine": ["Engine", "transcribe"],
    "errors": [
        "AudioError",
        "AudioNotFound",
        "AudioTruncated",
        "BackendError",
        "BackendMissing",
        "Cancelled",
        "ModelDamaged",
        "ModelError",
        "ModelUnavailable",
        "OptionError",
        "UnispeechError",
        "UnknownBackend",
        "UnknownModel",
        "UnsupportedOption",
    ],
    "realtime.events": ["Event"],
    "realtime.session": ["Session"],
    "text.formats": ["Details", "render"],
    "text.rules": ["Edit", "TextRules"],
    "text.subtitles": ["Layout"],
    "types": ["Gap", "Progress", "Segment", "Transcript", "Turn", "Word"],
}
_HOMES = {name: f"unispeech.{module}" for module, names in _PUBLIC.items() for name in names}

__all__ = [*_HOMES, "__version__"]
__path__.append(f"{__path__[0]}/_old")  # old module names, for one minor release


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'unispeech' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
