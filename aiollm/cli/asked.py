"""What `chat` and `run` are told of the requests they send."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from aiollm.cli.numbers import count, number
from aiollm.exceptions import AuthenticationError
from aiollm.providers.inspection import validate_environment

__all__ = ["add_request_options", "check_settings", "request_arguments"]


def add_request_options(parser: Any) -> None:
    """Add the options that are arguments of every request."""
    parser.add_argument("--max-tokens", metavar="N", type=count, help="the longest answer, in tokens")
    parser.add_argument("--temperature", metavar="T", type=number, help="0 for the likeliest words")
    parser.add_argument("--api-base", metavar="URL", help="the server's address, over the provider's own")


def request_arguments(options: Namespace) -> dict[str, Any]:
    """Return those that were given, by the names that they have in a call."""
    given = {name: getattr(options, name) for name in ("api_base", "max_tokens", "temperature")}
    return {name: value for name, value in given.items() if value is not None}


def check_settings(model: str, api_base: str | None) -> None:
    """Name the variables that are missing, before anybody has typed a question."""
    missing = validate_environment(model, api_base=api_base)["missing_keys"]
    if missing:
        verb = "which is not set" if len(missing) == 1 else "which are not set"
        raise AuthenticationError(
            f"{model} needs {' and '.join(missing)} in the environment, {verb}",
            hint="for a server that asks for no key, any word will do" if api_base else None,
        )
