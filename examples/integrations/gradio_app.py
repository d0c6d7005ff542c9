"""Gradio page: upload or record, read the text, download subtitles.

python gradio_app.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import gradio as gr

from unispeech import Engine, UnispeechError

FORMATS = ["srt", "vtt", "txt", "json"]


def create(engine: Engine) -> gr.Interface:
    """Return the page. Gradio runs one transcription at a time by default."""

    def transcribe(path: str | None, language: str, format: str) -> tuple[str, str]:
        if path is None:
            raise gr.Error("choose or record a recording")
        try:
            transcript = engine.transcribe(path, language=language.strip() or None)
        except UnispeechError as error:
            raise gr.Error(str(error)) from error
        target = Path(tempfile.mkdtemp()) / f"transcript.{format}"
        target.write_text(transcript.to(format), encoding="utf-8")
        return transcript.text, str(target)

    return gr.Interface(
        transcribe,
        inputs=[
            gr.Audio(type="filepath", label="Recording"),
            gr.Textbox(label="Language", placeholder="detected"),
            gr.Dropdown(FORMATS, value="srt", label="File"),
        ],
        outputs=[gr.Textbox(label="Text"), gr.File(label="Download")],
        title="Transcribe",
        flagging_mode="never",
        api_name="transcribe",
    )


def main(model: str = "base") -> None:
    with Engine(model=model) as engine:
        create(engine).launch()


if __name__ == "__main__":
    main(*sys.argv[1:])
