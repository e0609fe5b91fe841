"""The files of a configuration: the one that is named, and those it includes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from aiollm.providers.environment import Environment
from aiollm.providers.registry import PROCESS_ENVIRONMENT
from aiollm.proxy.config.problem import Problem
from aiollm.proxy.config.reader import Marks, Reading, Source, included_names, parse_config

__all__ = ["marks_of", "read_config"]


def read_config(path: Path, environment: Environment = PROCESS_ENVIRONMENT) -> Reading:
    """Read a configuration from its file; those that it includes are looked up beside the file that names them.

    Args:
        path: the file.
        environment: where `os.environ/NAME` is looked up.

    Raises:
        ImportError: PyYAML is not installed.
    """
    sources, unread, marks = _sources(path)
    if not sources:
        return Reading(None, tuple(unread), marks)
    reading = parse_config(sources, environment)
    if unread:
        return Reading(None, (*unread, *reading.problems), marks)
    return replace(reading, marks=marks)


def marks_of(files: Iterable[Path]) -> Marks:
    """Return when each file was written, and how long it is; None for one that is not there."""
    marks: Marks = {}
    for file in files:
        try:
            status = file.stat()
        except OSError:
            marks[file] = None
        else:
            marks[file] = status.st_mtime_ns, status.st_size
    return marks


def _sources(path: Path) -> tuple[list[Source], list[Problem], Marks]:
    """Return the file and those that it includes, what is wrong with those that cannot be read, and the marks of all.

    A file's marks are of the time before it is read: so no change goes unseen.
    """
    sources: list[Source] = []
    unread: list[Problem] = []
    marks: Marks = {}
    waiting, seen = [path], {path.resolve()}
    while waiting:
        file = waiting.pop(0)
        marks |= marks_of([file])
        try:
            source = Source(str(file), file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            unread.append(Problem(str(file), 1, "", f"cannot be read: {_reason(error)}"))
            continue
        sources.append(source)
        included = [file.parent / name for name in included_names(source)]
        waiting += [other for other in included if other.resolve() not in seen]
        seen.update(other.resolve() for other in included)
    return sources, unread, marks


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"
