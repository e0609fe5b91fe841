"""`aiollm models`: the providers that are known, and which of their keys are set; or the table of models anew."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from aiollm.cli.refresh import refresh
from aiollm.cli.terminal import Misuse, say
from aiollm.providers.environment import is_option
from aiollm.providers.provider import Provider
from aiollm.providers.registry import PROCESS_ENVIRONMENT, providers
from aiollm.types.nearest import nearest

__all__ = ["models"]


def models(options: Namespace) -> int:
    """Print a line a provider, and return the exit code: 1 when none matches the filter.

    Raises:
        Misuse: the options do not go together.
        APIError: the table of models cannot be had, or is none.
    """
    if options.refresh:
        return refresh(options.source, options.to)
    if options.source or options.to:
        raise Misuse("--from and --to say how to --refresh: add that")
    wanted = (options.filter or "").lower()
    rows = [row for row in providers().values() if wanted in row.name or wanted in _host(row)]
    if options.json:
        print(json.dumps([_facts(row) for row in rows], indent=2))
    else:
        _print_table([(row.name, _address(row), _keys(row)) for row in rows])
    if not rows:
        near = nearest(wanted.partition("/")[0], providers(), n=2, cutoff=0.7)
        meant = f" (did you mean {' or '.join(near)}?)" if near else ""
        say(f"aiollm: no provider has {options.filter!r} in its name or host{meant}")
    return 0 if rows else 1


def _host(row: Provider) -> str:
    return urlsplit(row.base_url or "").netloc


def _address(row: Provider) -> str:
    if row.serve:
        return "(on this machine)"
    if row.base_url:
        return row.base_url
    return f"({row.base_url_env[0]})" if row.base_url_env else "(--api-base)"


def _keys(row: Provider) -> str:
    if row.refused:
        return f"not usable: {row.refused}"
    named = _presence(row.key_env)
    keys = ", ".join(f"{name} {'is set' if present else 'not set'}" for name, present in named.items())
    if row.identity:
        return f"{keys}{', or ' if keys else ''}{row.identity.upper()} credentials"
    if not keys:
        return "needs no key" if row.key_optional else "no variable for its key"
    return f"{keys} (optional)" if row.key_optional else keys


def _facts(row: Provider) -> dict[str, Any]:
    return {
        "provider": row.name,
        "address": row.base_url,
        "address_variables": _presence(
            name for names in (row.base_url_env, *row.placeholders.values()) for name in names if not is_option(name)
        ),
        "key_variables": _presence(row.key_env),
        "key_optional": row.key_optional,
        "without_prefix": list(row.bare),
        "refused": row.refused,
    }


def _presence(variables: Iterable[str]) -> dict[str, bool]:
    return {name: PROCESS_ENVIRONMENT.get(name) is not None for name in variables}


def _print_table(rows: list[tuple[str, str, str]]) -> None:
    names = max((len(name) for name, _, _ in rows), default=0)
    addresses = max((len(address) for _, address, _ in rows), default=0)
    for name, address, keys in rows:
        print(f"{name:{names}}  {address:{addresses}}  {keys}")
