"""`aiollm doctor`: whether calls can work from here, and if not, where they break. No request is sent."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import asdict, frozen

from aiollm.cli.machine import keys_set, proxy_variables, versions
from aiollm.cli.probe import Check, probe
from aiollm.cli.terminal import printable
from aiollm.exceptions import AuthenticationError, BadRequestError, NotFoundError
from aiollm.local.parts import find_package
from aiollm.local.weights import find_weights
from aiollm.providers.endpoints import given_base_fault
from aiollm.providers.model_rules import Placement
from aiollm.providers.provider import Provider
from aiollm.providers.registry import PROCESS_ENVIRONMENT, find_base_url, find_key, find_provider, providers

__all__ = ["doctor"]

_BUILT_IN = "smollm2"


@frozen
class _Diagnosis:
    provider: str
    checks: list[Check]


def doctor(options: Namespace) -> int:
    """Print what was found, and return the exit code: 1 when something is broken.

    Raises:
        BadRequestError: one of the names is no provider's or model's.
    """
    targets = [_located(name) for name in options.names] or _with_key()
    diagnoses = asyncio.run(_diagnose_all(targets, local_is_optional=not options.names and len(targets) > 1))
    broken = any(check.state == "broken" for diagnosis in diagnoses for check in diagnosis.checks)
    report = {"ok": not broken, "versions": versions(), "proxies": proxy_variables(), "keys": keys_set()}
    if options.json:
        print(json.dumps({**report, "providers": [asdict(diagnosis) for diagnosis in diagnoses]}, indent=2))
    else:
        _print_machine(report)
        for diagnosis in diagnoses:
            _print_diagnosis(diagnosis)
    return 1 if broken else 0


def _located(name: str) -> tuple[Provider, Placement]:
    row = providers().get(name)
    return (row, Placement("")) if row is not None else find_provider(name)


def _with_key() -> list[tuple[Provider, Placement]]:
    """Return the providers that have a key, those at the same address once, and the built-in model."""
    found: dict[str, Provider] = {}
    for row in providers().values():
        if not row.refused and row.base_url and PROCESS_ENVIRONMENT.first(row.key_env) is not None:
            found.setdefault(row.base_url, row)
    return [(row, Placement("")) for row in (*found.values(), providers()["local"])]


async def _diagnose_all(targets: list[tuple[Provider, Placement]], *, local_is_optional: bool) -> list[_Diagnosis]:
    return await asyncio.gather(*(_diagnose(row, place, local_is_optional) for row, place in targets))


async def _diagnose(row: Provider, place: Placement, local_is_optional: bool) -> _Diagnosis:
    if row.refused:
        checks = [Check("provider", "broken", row.refused)]
    elif row.serve:
        checks = _local_checks(place.model or _BUILT_IN, optional=local_is_optional)
    else:
        address, url = _address(row, place)
        checks = [_key(row), address, *(await probe(url) if url else ())]
    return _Diagnosis(row.name, checks)


def _local_checks(model: str, *, optional: bool) -> list[Check]:
    finders: dict[str, Callable[[], Path]] = {
        "llama.cpp": partial(find_package, "xllamacpp"),
        "weights": partial(find_weights, model),
    }
    checks: list[Check] = []
    for name, find in finders.items():
        try:
            checks.append(Check(name, "ok", str(find())))
        except NotFoundError as missing:
            checks.append(Check(name, "note" if optional else "broken", str(missing)))
    return checks


def _key(row: Provider) -> Check:
    try:
        secret = find_key(row, PROCESS_ENVIRONMENT, elsewhere=False)
    except AuthenticationError as error:
        return Check("key", "broken", error.message)
    found = PROCESS_ENVIRONMENT.first(row.key_env)
    if (secret is None or found is None) and row.identity:
        return Check("key", "note", f"none; a call looks for {row.identity.upper()} credentials")
    if secret is None or found is None:
        return Check("key", "ok", "needs none")
    return Check("key", "ok", f"{found[0]} is set")


def _address(row: Provider, place: Placement) -> tuple[Check, str | None]:
    """Return the check of where requests would go, and the URL when that is known."""
    try:
        base_url, source = find_base_url(row, place, None, PROCESS_ENVIRONMENT)
    except BadRequestError as error:
        return Check("address", "broken", error.message), None
    fault = given_base_fault(base_url) if source else None
    if fault:
        return Check("address", "broken", f"{source} {fault}"), None
    # The path is left out: some gateways have a token in it.
    parts = urlsplit(base_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return Check("address", "ok", f"{origin} (from {source})" if source else origin), origin


def _print_machine(report: dict[str, Any]) -> None:
    lines = {name: version or "not installed" for name, version in report["versions"].items()}
    lines |= report["proxies"] or {"proxies": "none set"}
    lines["keys"] = ", ".join(f"{name} is set" for name in report["keys"]) or "none set"
    width = max(map(len, lines))
    for name, value in lines.items():
        print(f"{name:{width}}  {printable(value)}")


def _print_diagnosis(diagnosis: _Diagnosis) -> None:
    print(f"\n{diagnosis.provider}")
    for check in diagnosis.checks:
        took = "" if check.seconds is None else f" ({check.seconds * 1000:.0f} ms)"
        print(f"  {check.state:6}  {check.name:9}  {printable(' '.join(check.detail.split()))}{took}")
