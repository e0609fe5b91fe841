"""Keys on the page: those that there are, and a form for new ones."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiollm.proxy.gateway import Gateway
from aiollm.proxy.keys import Holder
from aiollm.proxy.ledger.row import dollars
from aiollm.proxy.page.layout import section, table
from aiollm.proxy.page.markup import Content, Markup, element

__all__ = ["asked_key", "keys_page"]


def asked_key(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of `/key/generate` that a form means; what is left empty is not said.

    A number that is none is passed on as text: the fields' own checks say what is wrong with it.
    """
    said = {name: value.strip() for name, value in form.items() if value.strip()}
    body: dict[str, Any] = {name: said[name] for name in ("key_alias", "duration", "budget_duration") if name in said}
    if "models" in said:
        body["models"] = [name.strip() for name in said["models"].split(",") if name.strip()]
    for name in ("rpm_limit", "tpm_limit", "max_parallel_requests", "max_budget"):
        if name in said:
            body[name] = _number(said[name])
    return body


def _number(said: str) -> int | float | str:
    try:
        return int(said) if said.isdecimal() else float(said)
    except ValueError:
        return said


def keys_page(gateway: Gateway, token: str, *, made: str | None = None, fault: str | None = None) -> list[Markup]:
    """Return the parts of the page of keys.

    Args:
        gateway: the worker's state.
        token: of the forms.
        made: a key that was just made; it is shown this once.
        fault: what is wrong with what was asked for.
    """
    parts: list[Markup] = []
    if fault is not None:
        parts.append(element("p", fault, class_="fault full", role="alert"))
    if made is not None:
        told = "The new key. It is shown now, and never again:"
        parts.append(element("div", element("p", told), element("code", made, id="made"), class_="made full"))
    holders = sorted(gateway.keyring.all("key"), key=lambda holder: (-holder.created, holder.name))
    heads = ["Key", "Name", "Models", "Limits", "Spent", "Ends (UTC)", ""]
    rows = [_row(gateway, holder, token) for holder in holders]
    return [
        *parts,
        section("A new key", _form(token), class_="full"),
        section("Keys", table(heads, rows, "No keys yet."), class_="full"),
    ]


def _form(token: str) -> Markup:
    return element(
        "form",
        _hidden("token", token),
        _field("key_alias", "Name", "ci"),
        _field("models", "Models, or all", "gpt-4o, groq/*"),
        _field("rpm_limit", "Requests a minute", "60", inputmode="numeric"),
        _field("max_budget", "Budget in US dollars", "10", inputmode="decimal"),
        _field("budget_duration", "Budget renewed every", "30d"),
        _field("duration", "Ends after", "90d"),
        element("button", "Make the key"),
        method="post",
        action="/ui/keys",
        class_="fields",
    )


def _field(name: str, label: str, example: str, *, inputmode: str = "text") -> Markup:
    told = element("input", name=name, placeholder=example, inputmode=inputmode, autocomplete="off")
    return element("label", element("span", label), told)


def _hidden(name: str, value: str) -> Markup:
    return element("input", type="hidden", name=name, value=value)


def _row(gateway: Gateway, holder: Holder, token: str) -> list[Content]:
    spent = dollars(gateway.admissions.spent(holder, time.time()))
    budget = "" if holder.budget is None else f" of ${dollars(holder.budget):,.2f}"
    verb = "Unblock" if holder.blocked else "Block"
    name = _hidden("name", holder.name)
    buttons = [
        element("button", verb, name="do", value=verb.lower(), class_="plain"),
        element("button", "Revoke", name="do", value="revoke", class_="plain bad"),
    ]
    forms = element("form", _hidden("token", token), name, buttons, method="post", action="/ui/keys/change")
    return [
        element("code", holder.shown),
        [element("span", "blocked ", class_="bad"), holder.alias or "-"] if holder.blocked else holder.alias or "-",
        ", ".join(holder.models) or "all",
        _limits(holder),
        f"${spent:,.4f}{budget}",
        "never" if holder.expires is None else datetime.fromtimestamp(holder.expires, UTC).strftime("%d %b %Y %H:%M"),
        forms,
    ]


def _limits(holder: Holder) -> str:
    limits = ((holder.rpm, "requests/min"), (holder.tpm, "tokens/min"), (holder.parallel, "at a time"))
    return ", ".join(f"{limit:,} {unit}" for limit, unit in limits if limit is not None) or "none"
