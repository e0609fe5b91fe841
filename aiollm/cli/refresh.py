"""`aiollm models --refresh`: the table of models, made anew from LiteLLM's."""

from __future__ import annotations

import os
import urllib.request
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from aiollm.cli.terminal import Misuse, say
from aiollm.exceptions import APIConnectionError, APIResponseValidationError, NotFoundError
from aiollm.pricing.reduction import reduce_source
from aiollm.pricing.table import packaged_table, packed_table
from aiollm.providers.known_models import user_table_path

__all__ = ["SOURCE", "refresh"]

SOURCE = "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
TIMEOUT = 60.0
"""Seconds that the source may take for each step of its answer."""

_IN_THE_WHEEL = "litellm/model_prices_and_context_window_backup.json"
_MOST_BYTES = 64 * 1024 * 1024


@frozen
class _Source:
    """LiteLLM's table.

    Attributes:
        name: where it is from.
        made: the day it is of.
        text: its JSON.
    """

    name: str
    made: str
    text: bytes


def refresh(source: str | None, to: str | None) -> int:
    """Make the table of models anew, and return the exit code. The old one stays until the new one is whole.

    Args:
        source: a file or URL of LiteLLM's JSON, or its wheel; None for its repository.
        to: the file to write; None for the user's own table.

    Raises:
        APIError: the source cannot be had, or is not LiteLLM's table, or not the whole of it.
        OSError: the table cannot be written.
        Misuse: there is no place for the table.
    """
    path = Path(to) if to else user_table_path()
    if path is None:
        raise Misuse("there is no home directory to keep the table in: say where with --to FILE")
    given = source or SOURCE
    found = _fetched(given) if "://" in given else _read(Path(given))
    try:
        entries = reduce_source(found.text)
    except ValueError as error:
        raise APIResponseValidationError(
            f"{found.name} is not LiteLLM's table of models, and ours stays as it is: {error}"
        ) from None
    _write(path, packed_table(entries, source=found.name, made=found.made))
    say(f"{len(entries)} models of {found.made} are in {path}")
    if not to and found.made <= packaged_table().made:
        say(f"but the table that came with this version, of {packaged_table().made}, is no older, and stays in use")
    return 0


def _fetched(url: str) -> _Source:
    if not url.startswith(("https://", "http://")):
        raise Misuse(f"{url} is not an address that can be fetched: https://..., or a file")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as reply:  # noqa: S310  # checked above
            text = reply.read(_MOST_BYTES)
    except OSError as error:
        raise APIConnectionError(f"{url} cannot be fetched, and the table stays as it is: {error}") from None
    return _Source(url, f"{datetime.now(UTC):%Y-%m-%d}", text)


def _read(path: Path) -> _Source:
    try:
        made = f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d}"
        if not zipfile.is_zipfile(path):
            return _Source(path.name, made, path.read_bytes())
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read, and the table stays as it is: {error}") from None
    release = " ".join(path.name.split("-")[:2])
    with zipfile.ZipFile(path) as wheel:  # whose files are all of 1980
        try:
            return _Source(release, made, wheel.read(_IN_THE_WHEEL))
        except KeyError:
            raise APIResponseValidationError(f"{path} is not LiteLLM's wheel: it has no {_IN_THE_WHEEL}") from None


def _write(path: Path, data: bytes) -> None:
    """Put a file in the place of another in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
