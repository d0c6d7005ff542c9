"""The command line. Thin: parse, call, print; every error ends here, as one line and an exit code.

0    everything was done
1    something failed; the rest was still done
2    wrong usage: an unknown option, value, backend, model or language
130  stopped with Ctrl-C; what was finished is kept
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from unispeech.errors import OptionError, UnispeechError, UnknownBackend, UnknownModel
from unispeech.system import allocator
from unispeech.version import __version__

COMMANDS = {
    "transcribe": (
        "unispeech.cli.transcribe:transcribe",
        "Write down what was said in recordings.",
    ),
    "mic": ("unispeech.cli.mic:mic", "Write down what is said while it is said."),
    "align": ("unispeech.cli.align:align", "Find when each word of a known text is said."),
    "languages": ("unispeech.cli.languages:languages", "Which languages a model has."),
    "models": ("unispeech.cli.models:models", "List, pull, check and remove weights."),
    "backends": (
        "unispeech.cli.backends:backends",
        "Which runtimes there are and what they can do.",
    ),
    "bench": ("unispeech.cli.bench:bench", "Measure which runtime is best on your machine."),
    "serve": ("unispeech.cli.serve:serve", "Run the service."),
    "worker": ("unispeech.cli.serve:worker", "Run jobs of a service in a process of its own."),
    "keys": ("unispeech.cli.serve:keys", "Make, list and revoke API keys."),
}
"""Name: where it is, and its line in the help. Imported when used, so that help is instant."""
STOPPED = 130
"""The exit code after Ctrl-C."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="unispeech")
def cli() -> None:
    """Speech to text with whichever runtime is best on your machine.

    \b
    unispeech transcribe interview.mp3
    unispeech transcribe *.wav --output-format srt --output-dir subtitles
    unispeech backends
    """


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    allocator.tune()
    if sys.stdout is None:  # closed by the caller (`>&-`)
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (until we exit)
    try:
        code = cli.main(prog_name="unispeech", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        explain(error)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("stopped")
        os._exit(STOPPED)  # not `sys.exit`: that waits for threads in the middle of a batch
    except UnispeechError as error:
        from unispeech.cli.spelling import spelled  # here, so that help is instant

        say(spelled(error))
        code = 2 if isinstance(error, OptionError | UnknownBackend | UnknownModel) else 1
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing more to say, and nothing left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as error:
        say(f"{error.filename or 'standard output'}: {error.strerror or error}")
        code = 1
    except Exception as error:  # the last resort: a defect of ours, said in one line
        if os.environ.get("UNISPEECH_DEBUG"):
            raise
        what = " ".join(str(error).split())
        say(f"unexpected {type(error).__name__}: {what}; UNISPEECH_DEBUG=1 shows where")
        code = 1
    sys.exit(code)


def explain(error: click.ClickException) -> None:
    """Wrong usage in one line; a command that was given nothing at all shows its help."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    say(f"{message}; see: {context.command_path} --help" if context else message)


def say(line: str) -> None:
    """One line to stderr, with our name before it."""
    print(f"unispeech: {line}", file=sys.stderr, flush=True)  # noqa: T201
