"""MMS on the small checkpoint: text, swapped adapters, and word times."""

from __future__ import annotations

import threading
from pathlib import Path

import jiwer
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from support.small_mms import CLIPS, ENGLISH, MODEL, RUSSIAN, TEXTS, arpa, heard, run
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.types import SAMPLE_RATE


@pytest.mark.parametrize(("names", "language"), [(ENGLISH, "eng"), (RUSSIAN, "rus")])
def test_held_out_sentences_are_transcribed(mms: Engine, names: list[str], language: str) -> None:
    texts = heard(mms, names, language=language)
    assert jiwer.cer([TEXTS[name] for name in names], texts) < 0.05


def test_the_text_equals_that_of_transformers(mms: Engine) -> None:
    """Compares with transformers' model, adapter loading, feature extractor and tokenizer."""
    extract = transformers.AutoFeatureExtractor.from_pretrained(MODEL)
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    model = transformers.Wav2Vec2ForCTC.from_pretrained(
        MODEL, target_lang="rus", ignore_mismatched_sizes=True, dtype=torch.float32
    )
    tokenizer.set_target_lang("rus")
    for name in RUSSIAN[:4]:
        inputs = extract(load(CLIPS / name), sampling_rate=SAMPLE_RATE, return_tensors="pt")
        with torch.inference_mode():
            best = model(inputs.input_values).logits[0].argmax(-1)
        assert heard(mms, [name], language="ru", vad=False) == [tokenizer.decode(best)]


def test_concurrent_languages_do_not_mix(mms: Engine) -> None:
    expected = {name: heard(mms, [name], language=name[:3])[0] for name in TEXTS}
    wrong: list[str] = []

    def work(names: list[str]) -> None:
        for name in names:
            if heard(mms, [name], language=name[:3]) != [expected[name]]:
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(names[:5],)) for names in (ENGLISH, RUSSIAN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_batch_size_does_not_change_the_text(mms: Engine) -> None:
    assert heard(mms, ENGLISH, language="eng", batch_size=1) == heard(mms, ENGLISH, language="eng")


def test_words_and_letters_have_times(mms: Engine) -> None:
    clips = [load(CLIPS / name) for name in ENGLISH[:2]]
    silence = np.zeros(SAMPLE_RATE * 5, np.float32)
    samples = np.concatenate([clips[0], silence, clips[1]])
    transcript = mms.transcribe(samples, SAMPLE_RATE, language="en", word_timestamps=True)
    words = [word for segment in transcript.segments for word in segment.words]
    assert "".join(word.word for word in words).strip() == transcript.text
    times = [t for word in words for t in (word.start, word.end)]
    assert times == sorted(times)
    second = len(clips[0]) / SAMPLE_RATE + 5
    count = len(TEXTS[ENGLISH[0]].split())
    assert words[count - 1].end < second - 4.5 and words[count].start >= second - 0.05
    for word in words:
        letters = word.characters
        assert "".join(letter.word for letter in letters) == word.word.strip()
        assert word.start == letters[0].start and word.end == letters[-1].end
    plain = mms.transcribe(samples, SAMPLE_RATE, language="en")
    assert plain.text == transcript.text and not any(s.words for s in plain.segments)


def test_an_ngram_model_works_on_the_command_line(tmp_path: Path) -> None:
    """test_ctc shows, on synthetic frames, that an n-gram model changes the text."""
    pytest.importorskip("ctc_beam_decoder")
    path = tmp_path / "words.arpa"
    path.write_text(arpa(*sorted(set(" ".join(TEXTS.values()).split()))), encoding="utf-8")
    model = ("--backend", "mms", "--model", str(MODEL), "--language", "ru", "--ngram", str(path))
    for name in RUSSIAN[:2]:
        assert run("transcribe", str(CLIPS / name), *model).strip() == TEXTS[name]
