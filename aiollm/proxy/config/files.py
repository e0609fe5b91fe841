"""The files of a configuration: the one that is named, and those it includes."""

from __future__ import annotations

from pathlib import Path

from aiollm.providers.environment import Environment
from aiollm.providers.registry import PROCESS_ENVIRONMENT
from aiollm.proxy.config.problem import Problem
from aiollm.proxy.config.reader import Reading, Source, included_names, parse_config

__all__ = ["config_files", "read_config"]


def read_config(path: Path, environment: Environment = PROCESS_ENVIRONMENT) -> Reading:
    """Read a configuration from its file; those that it includes are looked up beside the file that names them.

    Args:
        path: the file.
        environment: where `os.environ/NAME` is looked up.

    Raises:
        ImportError: PyYAML is not installed.
    """
    sources, unread = _sources(path)
    if not sources:
        return Reading(None, tuple(unread))
    reading = parse_config(sources, environment)
    return Reading(None, (*unread, *reading.problems)) if unread else reading


def config_files(path: Path) -> list[Path]:
    """Return the files of a configuration: a change of any of them is a change of the configuration.

    Raises:
        ImportError: PyYAML is not installed.
    """
    sources, unread = _sources(path)
    return [Path(source.name) for source in sources] + [Path(problem.file) for problem in unread]


def _sources(path: Path) -> tuple[list[Source], list[Problem]]:
    """Return the file and those that it includes, and what is wrong with those that cannot be read."""
    sources: list[Source] = []
    unread: list[Problem] = []
    waiting, seen = [path], {path.resolve()}
    while waiting:
        file = waiting.pop(0)
        try:
            source = Source(str(file), file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            unread.append(Problem(str(file), 1, "", f"cannot be read: {_reason(error)}"))
            continue
        sources.append(source)
        included = [file.parent / name for name in included_names(source)]
        waiting += [other for other in included if other.resolve() not in seen]
        seen.update(other.resolve() for other in included)
    return sources, unread


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"
