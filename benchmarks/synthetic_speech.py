"""Synthetic speech in several languages, with the times at which espeak-ng speaks each word.

espeak-ng reports the start of every phoneme and pause, so both ends of a word are known. The voice
is far from a human one: compare methods by it, and expect less error on real speech.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
from functools import cache
from typing import Any

import numpy as np

from unispeech.audio.recording import Recording
from unispeech.types import Samples

SENTENCES = {
    "en": (
        "The quick brown fox jumps over the lazy dog while seven old men watch from a bridge.",
        "Yesterday evening the children played in the garden until the rain began to fall.",
        "Nobody knows why the train was late, but everyone waited quietly on the platform.",
        "My sister bought three loaves of bread and a small bottle of milk at the market.",
        "When the winter comes, the birds leave the lake and fly across the mountains.",
        "He opened the window, looked at the sky, and decided to stay at home.",
    ),
    "de": (
        "Am frühen Morgen gehen wir gerne durch den Wald und hören den Vögeln in den Bäumen zu.",
        "Gestern Abend spielten die Kinder im Garten, bis der Regen langsam anfing.",
        "Niemand weiß, warum der Zug zu spät kam, aber alle warteten ruhig auf dem Bahnsteig.",
        "Meine Schwester kaufte auf dem Markt drei Brote und eine kleine Flasche Milch.",
        "Wenn der Winter kommt, verlassen die Vögel den See und fliegen über die Berge.",
        "Er öffnete das Fenster, schaute in den Himmel und blieb lieber zu Hause.",
    ),
    "fr": (
        "Chaque matin nous marchons dans la forêt et nous écoutons le chant des oiseaux.",
        "Hier soir les enfants jouaient dans le jardin quand la pluie a commencé à tomber.",
        "Personne ne sait pourquoi le train avait du retard, mais tout le monde attendait.",
        "Ma sœur achète trois pains et une petite bouteille de lait au marché du village.",
        "Quand vient l'hiver, les oiseaux quittent le lac et traversent les montagnes.",
        "Il ouvre la fenêtre, regarde le ciel et décide de rester à la maison.",
    ),
    "es": (
        "Cada mañana caminamos por el bosque y escuchamos el canto de los pájaros.",
        "Ayer por la tarde los niños jugaban en el jardín hasta que empezó la lluvia.",
        "Nadie sabe por qué el tren llegó tarde, pero todos esperaban tranquilos.",
        "Mi hermana compró tres panes y una botella pequeña de leche en el mercado.",
        "Cuando llega el invierno, los pájaros dejan el lago y cruzan las montañas.",
        "Abrió la ventana, miró el cielo y decidió quedarse en casa.",
    ),
    "it": (
        "Ogni mattina camminiamo nel bosco e ascoltiamo il canto degli uccelli sopra gli alberi.",
        "Ieri sera i bambini giocavano nel giardino quando la pioggia cominciò a cadere.",
        "Nessuno sa perché il treno era in ritardo, ma tutti aspettavano con calma.",
        "Mia sorella ha comprato tre pani e una piccola bottiglia di latte al mercato.",
        "Quando arriva l'inverno, gli uccelli lasciano il lago e volano oltre le montagne.",
        "Aprì la finestra, guardò il cielo e decise di rimanere a casa.",
    ),
    "pt": (
        "Todas as manhãs caminhamos pela floresta e ouvimos o canto dos pássaros nas árvores.",
        "Ontem à noite as crianças brincavam no jardim até que a chuva começou a cair.",
        "Ninguém sabe por que o trem chegou tarde, mas todos esperavam com calma.",
        "Minha irmã comprou três pães e uma pequena garrafa de leite no mercado.",
        "Quando chega o inverno, os pássaros deixam o lago e voam sobre as montanhas.",
        "Ele abriu a janela, olhou para o céu e decidiu ficar em casa.",
    ),
    "nl": (
        "Elke ochtend lopen wij door het bos en luisteren naar de vogels in de bomen.",
        "Gisteravond speelden de kinderen in de tuin totdat de regen begon te vallen.",
        "Niemand weet waarom de trein te laat was, maar iedereen wachtte rustig.",
        "Mijn zus kocht op de markt drie broden en een kleine fles melk.",
        "Als de winter komt, verlaten de vogels het meer en vliegen over de bergen.",
        "Hij opende het raam, keek naar de lucht en bleef liever thuis.",
    ),
    "pl": (
        "Każdego ranka spacerujemy po lesie i słuchamy śpiewu ptaków na drzewach.",
        "Wczoraj wieczorem dzieci bawiły się w ogrodzie, aż zaczął padać deszcz.",
        "Nikt nie wie, dlaczego pociąg się spóźnił, ale wszyscy spokojnie czekali.",
        "Moja siostra kupiła na targu trzy chleby i małą butelkę mleka.",
        "Kiedy przychodzi zima, ptaki opuszczają jezioro i lecą przez góry.",
        "Otworzył okno, spojrzał w niebo i postanowił zostać w domu.",
    ),
}  # fmt: skip
"""Sentences by the name of the voice."""
VARIANTS = ("", "+f2")
"""Variants of a voice: the man's, and a woman's."""
Timed = list[tuple[str, float, float]]
"""Words with their start and end in seconds."""

END, WORD, PHONEME = 0, 1, 7
"""espeak-ng's event types: the list ends, a word starts, a phoneme starts (speak_lib.h)."""


class Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h; the last field is a union, here the name of a phoneme."""

    _fields_ = [
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int), ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("name", ctypes.c_char * 8),
    ]  # fmt: skip


@cache
def espeak() -> tuple[Any, int]:
    """The library and its sample rate. It is started once: a second start may never return."""
    library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
    # AUDIO_OUTPUT_SYNCHRONOUS, espeakINITIALIZE_PHONEME_EVENTS
    return library, library.espeak_Initialize(2, 0, None, 1)


def sentences(language: str) -> list[tuple[Samples, Timed, str]]:
    """The sentences of a language in each variant of its voice: sound, words and text."""
    return [
        (*spoken(text, language + variant), text)
        for variant in VARIANTS
        for text in SENTENCES[language]
    ]


def spoken(text: str, voice: str) -> tuple[Samples, Timed]:
    """Synthetic speech at 16 kHz, and its words."""
    library, rate = espeak()
    pcm: list[Any] = []
    events: list[tuple[int, int, int, float, str]] = []
    kind = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
    )

    def callback(wave: Any, count: int, found: Any) -> int:
        if wave and count:
            pcm.append(np.ctypeslib.as_array(wave, (count,)).copy())
        at = 0
        while found[at].type != END:
            event = found[at]
            name = event.name.decode(errors="replace") if event.type == PHONEME else ""
            seconds = event.audio_position / 1000
            events.append((event.type, event.text_position, event.length, seconds, name))
            at += 1
        return 0

    keep = kind(callback)
    library.espeak_SetSynthCallback(keep)
    library.espeak_SetVoiceByName(voice.encode())
    data = text.encode() + b"\0"
    library.espeak_Synth(data, len(data), 0, 1, 0, 1, None, None)  # POS_CHARACTER, UTF-8
    library.espeak_Synchronize()
    sound = np.concatenate(pcm).astype(np.float32) / 32768
    length = len(sound) / rate
    return Recording(sound, rate).read(), _words(text, events, length)


def _words(text: str, events: list[tuple[int, int, int, float, str]], length: float) -> Timed:
    """Each written word from its first phoneme to the phoneme or pause after its last.

    Left out are words that the voice joins to the next ("in the"): their end is unknown.
    """
    tokens = list(re.finditer(r"\S+", text))
    spans: dict[int, tuple[float, float]] = {}
    current: int | None = None
    phonemes = [event for event in events if event[0] in (WORD, PHONEME)]
    for number, (kind, position, count, start, name) in enumerate(phonemes):
        if kind == WORD:
            inside = (n for n, token in enumerate(tokens) if position - 1 < token.end())
            current = next(inside, None) if count else None
        elif current is not None and not name.startswith("_"):
            later = (event[3] for event in phonemes[number + 1 :] if event[0] == PHONEME)
            spans[current] = (spans.get(current, (start,))[0], next(later, length))
    return [
        (tokens[number].group(), *span)
        for number, span in spans.items()
        if number + 1 in spans or number + 1 == len(tokens)
    ]
