"""`python -m unispeech` is the command line."""

from unispeech.cli import main

main()
