"""The command line: parses, calls and prints. Every error ends here as one line and an exit code.

0    success
1    something failed; the rest was done
2    wrong usage: an unknown option, value, backend, model or language
130  stopped with Ctrl-C; finished results are kept
141  the reader of stdout has closed it, as `head` does
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from unispeech.cli.console import accept_any_text
from unispeech.cli.help import OVERVIEW, Group, unknown_option
from unispeech.cli.interrupts import exit_now
from unispeech.cli.notices import notify
from unispeech.errors import OptionError, UnispeechError, UnknownBackend, UnknownModel
from unispeech.system import allocator
from unispeech.version import __version__

COMMANDS = {
    "transcribe": ("unispeech.cli.transcribe:transcribe", "Transcribe recordings."),
    "mic": ("unispeech.cli.mic:mic", "Caption a microphone live."),
    "align": ("unispeech.cli.align:align", "Find the times of the words of a known text."),
    "subtitles": ("unispeech.cli.subtitles:subtitles", "Lay out transcripts again, or check them."),
    "watch": ("unispeech.cli.watch:watch", "Transcribe what appears in a folder."),
    "batch": ("unispeech.cli.batch:batch", "Transcribe a corpus: manifests, shards, resuming."),
    "probe": ("unispeech.cli.probe:probe", "Describe recordings: tracks, length, loudness."),
    "languages": ("unispeech.cli.languages:languages", "List the languages of a model."),
    "models": ("unispeech.cli.models:models", "List, download, verify and convert weights."),
    "backends": (
        "unispeech.cli.backends:backends",
        "List the runtimes, and install those that need their own environment.",
    ),
    "bench": ("unispeech.cli.bench:bench", "Measure speed and accuracy on this machine."),
    "serve": ("unispeech.cli.serve:serve", "Run the server."),
    "wyoming": ("unispeech.cli.wyoming:wyoming", "Serve Home Assistant and voice satellites."),
    "worker": ("unispeech.cli.serve:worker", "Run a server's jobs in another process."),
    "mcp": ("unispeech.cli.agents:mcp", "Offer transcription to agents (MCP)."),
    "tools": ("unispeech.cli.agents:tools", "Print the schemas of the tools for agents."),
    "keys": ("unispeech.cli.serve:keys", "Create, list and revoke API keys of the server."),
}
"""Commands by name: where the code is, and the line in the help. Imported on use, so that `--help`
is instant."""


class LazyGroup(Group):
    """A group that imports a command when it is called."""

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
    """Speech to text with the runtime that is best on your machine.

    \b
    Examples:
      unispeech transcribe interview.mp3
      unispeech transcribe talk.mp4 --output-format srt --output-dir subtitles
      unispeech backends
    """


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    allocator.tune()
    if sys.stdout is None:  # closed by the caller (`>&-`)
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (until we exit)
    accept_any_text()
    try:
        code = cli.main(prog_name="unispeech", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        report_usage(error)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        exit_now()
    except UnispeechError as error:
        from unispeech.cli.spelling import with_flags  # here, so that `--help` is instant

        notify(with_flags(error))
        code = 2 if isinstance(error, OptionError | UnknownBackend | UnknownModel) else 1
    except BrokenPipeError:
        # The exit handler flushes stdout once more, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as error:
        notify(f"{error.filename or 'standard output'}: {error.strerror or error}")
        code = 1
    except Exception as error:  # the last resort: a defect of ours, reported in one line
        if os.environ.get("UNISPEECH_DEBUG"):
            raise
        message = " ".join(str(error).split())
        notify(
            f"unexpected {type(error).__name__}: {message}; set UNISPEECH_DEBUG=1 for the traceback"
        )
        code = 1
    sys.exit(code)


def report_usage(error: click.ClickException) -> None:
    """Report wrong usage in one line; show help for a command without any argument."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        if error.ctx is not None and error.ctx.command is cli:
            click.echo(OVERVIEW, err=True, nl=False)
        else:
            error.show()
        return
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        notify(unknown_option(error))
        return
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    notify(f"{message}; see: {context.command_path} --help" if context else message)
