"""Entry point of `python -m unispeech`."""

from unispeech.cli import main

main()
