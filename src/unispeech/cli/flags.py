"""Options that mean the same wherever something is decoded, declared once."""

from __future__ import annotations

import click

backend = click.option(
    "--backend",
    default="faster",
    show_default=True,
    help="Runtime (see `unispeech backends`), or auto.",
)
model = click.option("--model", help="Name, Hub id or local path.  [default: base]")
language = click.option("--language", help="Code or English name.  [default: detected]")
task = click.option(
    "--task",
    type=click.Choice(["transcribe", "translate"]),
    default="transcribe",
    show_default=True,
    help="`translate` writes English.",
)
beam_size = click.option(
    "--beam-size", type=int, help="Hypotheses kept; 1 is greedy.  [default: 5]"
)
initial_prompt = click.option(
    "--initial-prompt", help="Text that came before: names, spelling, style."
)
hotwords = click.option("--hotwords", help="Words to expect.")
ngram = click.option("--ngram", metavar="FILE", help="KenLM model of words (backends mms and ctc).")
vad_threshold = click.option(
    "--vad-threshold", type=float, help="Probability that is speech.  [default: 0.5]"
)
device = click.option("--device", help="auto, cpu, cuda, cuda:1, ...  [default: auto]")
compute_type = click.option(
    "--compute-type", help="int8, float32, ...  [default: the backend's fastest]"
)
threads = click.option("--threads", type=int, help="CPU threads.  [default: one a core]")
isolated = click.option("--isolated", is_flag=True, help="Run the backend in a process of its own.")
