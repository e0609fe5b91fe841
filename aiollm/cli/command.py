"""The command `aiollm`: its arguments, and the ways it ends."""

from __future__ import annotations

import gc
import signal
import sys
from argparse import (
    SUPPRESS,
    ArgumentParser,
    Namespace,
    RawDescriptionHelpFormatter,
    _SubParsersAction,  # pyright: ignore[reportPrivateUsage]  # the type has no other name
)
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from aiollm import __version__
from aiollm.cli.address import HOST, PORT
from aiollm.cli.asked import add_request_options
from aiollm.cli.exit_codes import FAILED, INTERRUPTED, MISUSED, PIPE_CLOSED
from aiollm.cli.numbers import above_zero, count, number, port, retries
from aiollm.cli.terminal import Misuse, abandon_output, complain, never_fail_on_a_character

__all__ = ["main"]

_EXAMPLES = """\
examples:
  aiollm chat "Why is the sky blue?"          the model built in; no key needed
  echo hi | aiollm chat -m openai/gpt-4o      another model, the prompt from stdin
  aiollm chat                                 a conversation
  aiollm run in.jsonl -o out.jsonl -m openai/gpt-4o-mini
                                              many requests, and on again after a stop
  aiollm models groq                          what is known of a provider
  aiollm doctor openai                        whether it can be reached from here
  aiollm migrate .                            what code written for LiteLLM has to change
  aiollm --config config.yaml                 the proxy, with LiteLLM's configuration
  aiollm serve                                the proxy in front of the model built in
"""
_CHAT_EXAMPLES = """\
examples:
  aiollm chat "Why is the sky blue?"
  aiollm chat -m groq/llama-3.3-70b-versatile --system "Answer in one line." "What is a socket?"
  git diff | aiollm chat -m openai/gpt-4o --system "Write the commit message." > message.txt
  OPENAI_API_KEY=none aiollm chat -m openai/mine --api-base http://127.0.0.1:8080/v1 hi

The answer goes to stdout as it comes, and a line with its speed and size to stderr. Keys come from the environment;
`aiollm models` tells their names. Exit code: 0; 1 after an error; 2 for wrong usage; 130 after Ctrl-C.
"""
_SERVE_EXAMPLES = """\
examples:
  aiollm serve                                    the model built in, under any name
  aiollm serve --config config.yaml --workers 2

Keys and spend are kept beside the configuration, in a file of its name that ends in .sqlite, or where
general_settings.database_url says. SIGHUP, or a change of the file, takes over the configuration; a file with a fault
leaves the one before. SIGTERM and Ctrl-C end the proxy when the answers that go on have ended; a second one at once.
Workers share the limits of keys over Redis (router_settings.redis_host); without it each keeps to its share.
"""
_RUN_EXAMPLES = """\
examples:
  aiollm run in.jsonl -o out.jsonl -m openai/gpt-4o-mini --rpm 500 --budget 5
  aiollm run in.jsonl -o out.jsonl -m openai/gpt-4o-mini --dry-run
  aiollm run prompts.csv -o answers.sqlite -m groq/llama-3.3-70b-versatile

A line of the input is a prompt, a list of messages, a dict of arguments with messages or prompt, or a line of an input
file of OpenAI's batch API; a .csv or .parquet has the column prompt, and as need be system, model, custom_id. The
output has lines of an output file of that API. What it has an answer for is not asked again, so the same command goes
on after a stop, of whatever kind. Ctrl-C lets what is under way end, for --drain seconds at the most; a second one cuts
it off.
Exit code: 0; 1 where not everything is answered; 2 for wrong usage; 130 after Ctrl-C.
"""
_DOCTOR_EXAMPLES = """\
examples:
  aiollm doctor                     the providers that have a key set, and the model built in
  aiollm doctor openai groq/any     these
  aiollm doctor --json

It resolves names, connects and does the TLS handshake. It sends no request and prints no secret. Exit code: 1 when
something is broken.
"""
_MIGRATE_EXAMPLES = """\
examples:
  aiollm migrate src tests config.yaml
  aiollm migrate . --json

A line for each thing: where it stands, and whether it is to be written otherwise ("change"), works and "differs", has
no effect ("idle"), or cannot be kept ("missing"). Nothing is run and nothing is changed. Exit code: 1 when something is
missing.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        arguments: those after the command's name; by default the process's own.

    Raises:
        SystemExit: after `--help` and `--version`, and for arguments that cannot be read (exit code 2).
    """
    never_fail_on_a_character()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None and (options.config, options.host, options.port, options.workers) != (None,) * 4:
        options.command = "serve"
    if options.command is None:
        parser.print_help(sys.stderr)
        return MISUSED
    try:
        status = _command(options.command)(options)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        # The connections are closed by now. A further Ctrl-C ends the process at once, as it ends any program in C.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return INTERRUPTED
    except BrokenPipeError:
        abandon_output()
        return PIPE_CLOSED
    except Misuse as error:
        complain(error, debug=options.debug)
        return MISUSED
    except Exception as error:  # noqa: BLE001 - a traceback is for those who ask for it
        complain(error, debug=options.debug)
        if isinstance(error, OSError):
            abandon_output()
        return FAILED
    return status


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="aiollm",
        description="Streaming chat completions, in a terminal and as a proxy.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"aiollm {__version__}")
    parser.set_defaults(command=None, debug=False)
    _add_serving(parser.add_argument_group("the proxy (`aiollm serve` has the same options)"), None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (
        _chat_parser(commands),
        _run_parser(commands),
        _serve_parser(commands),
        _models_parser(commands),
        _doctor_parser(commands),
        _migrate_parser(commands),
    ):
        command.formatter_class = RawDescriptionHelpFormatter
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _command(name: str) -> Callable[[Namespace], int]:
    """Return a command: the function in the module of its name, which the others need not load."""
    if name == "serve":
        gc.disable()  # until it serves: nearly all that is made by then stays, and looking through it takes its time
    command: Callable[[Namespace], int] = getattr(import_module(f"aiollm.cli.{name}"), name)
    return command


def _chat_parser(commands: _SubParsersAction[ArgumentParser]) -> ArgumentParser:
    parser = commands.add_parser(
        "chat", help="ask a model", description="Ask a model, and print its answer as it comes.", epilog=_CHAT_EXAMPLES
    )
    parser.add_argument(
        "prompt", nargs="?", help="the question; without it stdin is read, and on a terminal a conversation begins"
    )
    parser.add_argument(
        "-m", "--model", default="local/smollm2", help="provider/model (default: %(default)s, the model built in)"
    )
    parser.add_argument("--system", metavar="TEXT", help="a system message before the prompt")
    add_request_options(parser)
    parser.set_defaults(command="chat")
    return parser


def _run_parser(commands: _SubParsersAction[ArgumentParser]) -> ArgumentParser:
    parser = commands.add_parser(
        "run",
        help="answer the requests of a file",
        description="Answer the requests of a file, many at a time, and keep the answers in another.",
        epilog=_RUN_EXAMPLES,
    )
    parser.add_argument("input", metavar="FILE", type=Path, help="the requests: .jsonl, .csv or .parquet")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="the answers: .jsonl or .sqlite")
    parser.add_argument("-m", "--model", help="provider/model, for requests that name none")
    parser.add_argument("--dry-run", action="store_true", help="send nothing; tell what it may cost")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw the course of the run: .png, .svg or .pdf")
    parser.add_argument("--stop-on-error", action="store_true", help="begin no further request after one has failed")
    limits = parser.add_argument_group("limits")
    limits.add_argument("--concurrency", metavar="N", type=count, default=64, help="at a time (default: %(default)s)")
    limits.add_argument("--rpm", metavar="N", type=count, help="requests a minute")
    limits.add_argument("--tpm", metavar="N", type=count, help="tokens a minute")
    limits.add_argument("--budget", metavar="USD", type=above_zero, help="what all requests may cost")
    limits.add_argument("--budget-tokens", metavar="N", type=count, help="how many tokens they may take")
    limits.add_argument("--retries", metavar="N", type=retries, help="how often a failed one is sent again (2)")
    limits.add_argument(
        "--drain", metavar="SECONDS", type=number, default=30.0, help="after Ctrl-C (default: %(default)g)"
    )
    answers = parser.add_argument_group("the requests, where they do not say it themselves")
    add_request_options(answers)
    parser.set_defaults(command="run")
    return parser


def _serve_parser(commands: _SubParsersAction[ArgumentParser]) -> ArgumentParser:
    parser = commands.add_parser(
        "serve",
        help="run the proxy",
        description="Answer OpenAI's and Anthropic's clients: with the models of a configuration, or the one built in.",
        epilog=_SERVE_EXAMPLES,
    )
    _add_serving(parser, SUPPRESS)  # what stands before the command must not be undone
    parser.set_defaults(command="serve")
    return parser


def _add_serving(parser: Any, default: str | None) -> None:
    parser.add_argument("--config", metavar="FILE", default=default, help="LiteLLM's config.yaml")
    parser.add_argument("--host", metavar="ADDRESS", default=default, help=f"where to listen (default: {HOST})")
    parser.add_argument("--port", metavar="N", type=port, default=default, help=f"the port (default: {PORT})")
    parser.add_argument("--workers", metavar="N", type=count, default=default, help="processes (default: 1)")


def _models_parser(commands: _SubParsersAction[ArgumentParser]) -> ArgumentParser:
    parser = commands.add_parser(
        "models",
        help="list the providers, and which of their keys are set",
        description="List the providers: name, default address, and whether the variables of their keys are set. "
        "With --refresh, fetch the table of models instead.",
    )
    parser.add_argument("filter", metavar="FILTER", nargs="?", help="a part of the name or the host")
    parser.add_argument("--json", action="store_true", help="print JSON")
    refreshing = parser.add_argument_group("the table of models: what they cost, take and can do")
    refreshing.add_argument("--refresh", action="store_true", help="fetch a newer one, for this user")
    refreshing.add_argument(
        "--from",
        dest="source",
        metavar="FILE|URL",
        help="LiteLLM's JSON, or its wheel (default: its repository's JSON)",
    )
    refreshing.add_argument("--to", metavar="FILE", help="where to write it instead")
    parser.set_defaults(command="models")
    return parser


def _doctor_parser(commands: _SubParsersAction[ArgumentParser]) -> ArgumentParser:
    parser = commands.add_parser(
        "doctor",
        help="check whether a provider can be reached from here",
        description="Check what a call needs from here.",
        epilog=_DOCTOR_EXAMPLES,
    )
    parser.add_argument("names", metavar="PROVIDER|MODEL", nargs="*", help="by default, all that have a key set")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command="doctor")
    return parser


def _migrate_parser(commands: _SubParsersAction[ArgumentParser]) -> ArgumentParser:
    parser = commands.add_parser(
        "migrate",
        help="find what code written for LiteLLM has to change",
        description="Read Python files and configurations of LiteLLM's proxy, and tell what to change.",
        epilog=_MIGRATE_EXAMPLES,
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a file, or a folder with all below it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command="migrate")
    return parser
