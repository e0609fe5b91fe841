"""What the commands of the benchmarks read from the command line alike."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from benchmarks.environments import DEFAULT_ROOT

PRINTS_ONLY = "only these; prints the page and writes nothing"


def parser_of(command: str, description: str | None) -> argparse.ArgumentParser:
    """Return the parser of ``python -m COMMAND``, with the folder of its environments, ``envs``."""
    parser = argparse.ArgumentParser(prog=f"python -m {command}", description=description)
    parser.add_argument("--envs", type=Path, default=DEFAULT_ROOT, help="folder of the virtual environments")
    return parser


def add_choice(
    parser: argparse.ArgumentParser, option: str, known: Iterable[str], metavar: str, help: str | None = None
) -> None:
    """Have an option take some of the known names, with commas between them; all where it is not given."""
    names = list(known)

    def chosen(text: str) -> list[str]:
        given = text.split(",")
        if unknown := [name for name in given if name not in names]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(names)}")
        return given

    parser.add_argument(option, type=chosen, default=names, metavar=f"{metavar},...", help=help)
