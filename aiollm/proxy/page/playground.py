"""A place to try a model: a prompt, and its answer as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.proxy.gateway import Gateway
from aiollm.proxy.page.layout import section
from aiollm.proxy.page.markup import Markup, element

__all__ = ["asked_chat", "playground"]


def asked_chat(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of a streamed chat completion that a form means."""
    messages = [
        {"role": role, "content": said}
        for role, said in (("system", form.get("system", "")), ("user", form.get("prompt", "")))
        if said.strip()
    ]
    options = {"stream": True, "stream_options": {"include_usage": True}}
    return {"model": form.get("model", ""), "messages": messages, **options}


def playground(gateway: Gateway, token: str) -> list[Markup]:
    """Return the parts of the page; its script sends the form and shows the answer."""
    names = gateway.router.get_model_names()
    whole = [name for name in names if "*" not in name]
    options = element("datalist", [element("option", value=name) for name in whole], id="models")
    model = element("input", name="model", list="models", required=True, value=whole[0] if whole else "")
    form = element(
        "form",
        element("input", type="hidden", name="token", value=token),
        element("label", element("span", "Model"), model, options),
        element("label", element("span", "System"), element("input", name="system", autocomplete="off")),
        element("label", element("span", "Prompt"), element("textarea", name="prompt", rows=4, required=True)),
        element("div", element("button", "Send"), element("button", "Stop", type="button", id="stop", disabled=True)),
        id="playground",
        class_="fields tall",
    )
    answer = element("div", class_="answer", id="answer", aria_live="polite")
    told = element("p", class_="quiet", id="told")
    return [section("Prompt", form), section("Answer", answer, told)]
