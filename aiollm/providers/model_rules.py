"""What a model's name says of where its requests go: pure functions, named by the catalogue's rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

from aiollm.providers.quirks import max_completion_tokens_always
from aiollm.providers.watsonx import watsonx_paths
from aiollm.types.endpoint import BodyQuirk

__all__ = ["MODEL_RULES", "ModelRule", "Placement"]

# Models without chat completions: verified in LiteLLM 1.109.1's table (mode "responses"), but for computer-use-preview,
# which is assumed. The last is Bedrock's name of OpenAI's models.
_RESPONSES_ONLY = re.compile(
    r"(ft:)?(gpt-\d+(\.\d+)?-(codex|pro)|gpt-daybreak|codex-mini|o\d+-pro|o\d+(-mini)?-deep-research|"
    r"computer-use-preview|openai\.gpt-\d+)\b"
)


class Placement(NamedTuple):
    """What a model's name comes to: the name to send, and what a model has of its own.

    Attributes:
        model: the name to send.
        base_url: the address of this model.
        path: what follows the base URL.
        stream_path: what follows it in a request that streams, where that is another path.
        options: options of the provider's identity that the name says, such as the region in an ARN.
        dialect: "responses" where the model is reached by the Responses API.
        quirks: changes of the finished body that this model needs.
    """

    model: str
    base_url: str | None = None
    path: str | None = None
    stream_path: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    dialect: str | None = None
    quirks: tuple[BodyQuirk, ...] = ()


ModelRule = Callable[[str], Placement]
"""A reading of a model's name. Raises ValueError, with the form that is expected, for a name that is none."""


def fireworks_account(model: str) -> Placement:
    """Short names are models of the account "fireworks"; `#` marks a deployment and is left alone."""
    whole = model.startswith("accounts/") or "#" in model
    return Placement(model if whole else f"accounts/fireworks/models/{model}")


def openrouter_own(model: str) -> Placement:
    """A name without a vendor is one of OpenRouter's own routers, such as `openrouter/auto`."""
    return Placement(model if "/" in model else f"openrouter/{model}")


def openai_api(model: str) -> Placement:
    """`responses/<model>` is chat by way of the Responses API, the only way to models of some names."""
    name = model.removeprefix("responses/")
    return Placement(name, dialect="responses" if name != model or _RESPONSES_ONLY.match(name) else None)


def azure_deployment(model: str) -> Placement:
    """`o_series/` and `gpt5_series/` say that a deployment is a reasoning model, `responses/` as for OpenAI."""
    series, _, deployment = model.partition("/")
    if series in ("o_series", "gpt5_series") and deployment:
        return Placement(deployment, quirks=(max_completion_tokens_always,))
    return openai_api(model)


def clarifai_url(model: str) -> Placement:
    """`<user>.<app>.<model>` stands for the model's page."""
    user, app, name = [*model.split(".", 2), "", ""][:3]
    return Placement(f"https://clarifai.com/{user}/{app}/models/{name}" if name and "/" not in model else model)


def baseten_dedicated(model: str) -> Placement:
    """Eight letters and digits are the id of a dedicated deployment, which has a host of its own."""
    if not re.fullmatch(r"[A-Za-z0-9]{8}", model):
        return Placement(model)
    return Placement(model, f"https://model-{model}.api.baseten.co/environments/production/sync/v1")


def ragflow_chat(model: str) -> Placement:
    """`chat/<id>/<model>` and `agent/<id>/<model>` name the conversation's own path."""
    kind, _, rest = model.partition("/")
    conversation, _, name = rest.partition("/")
    if kind not in ("chat", "agent") or not conversation or not name:
        raise ValueError("write ragflow/chat/<id>/<model> or ragflow/agent/<id>/<model>")
    return Placement(name, path=f"/api/v1/{kind}s_openai/{quote(conversation, safe='')}/chat/completions")


_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_BEDROCK_ROUTES = frozenset({"converse", "invoke"})


def bedrock_model(model: str) -> Placement:
    """`converse/` and `invoke/`, a region, and the family of an imported model may stand before a name or an ARN."""
    region, name = "", model
    while "/" in name and not name.startswith("arn:"):
        first, _, rest = name.partition("/")
        if _REGION.fullmatch(first):
            region = first
        elif first not in _BEDROCK_ROUTES and not rest.startswith("arn:"):
            raise ValueError("write bedrock/<model id or ARN>, with converse/, invoke/ or a region before it")
        name = rest
    if name.startswith("arn:"):
        region = [*name.split(":"), *[""] * 4][3] or region
    return Placement(name, options=(("aws_region_name", region),) if region else ())


def bedrock_without_invoke(model: str) -> Placement:
    """Of all formats of models' own, five are spoken here."""
    raise ValueError(
        "after invoke/ this version speaks the formats of Claude, Nova, Llama, Mistral's prompts, gpt-oss and Jamba; "
        "leave invoke/ out, for Converse takes every model"
    )


def vertex_endpoint(model: str) -> Placement:
    """`openai/<number>` is an endpoint of one's own that speaks OpenAI's format; the number is its name."""
    publisher, _, name = model.partition("/")
    return Placement(name if publisher == "openai" and name.isdecimal() else model)


def huggingface_router(model: str) -> Placement:
    """`<provider>/<org>/<model>` is the router's `<org>/<model>:<provider>`."""
    provider, _, name = model.partition("/")
    return Placement(f"{name}:{provider}" if "/" in name and ":" not in name else model)


def predibase_deployment(model: str) -> Placement:
    """`<deployment>` or `<deployment>/<adapter>`: each deployment has a path of its own."""
    return Placement(model, path=f"/{quote(model.partition('/')[0], safe='')}/v1/chat/completions")


def cohere_v2(model: str) -> Placement:
    """LiteLLM's `v1/<model>` asks for the older version of the API."""
    if model.startswith("v1/"):
        raise ValueError(f"version 1 of Cohere's API is not spoken here; write cohere/{model.removeprefix('v1/')}")
    return Placement(model)


def watsonx_chat(model: str) -> Placement:
    """`deployment/<id>` is a model of one's own, at a path of its own."""
    chat, stream = watsonx_paths(model) or (None, None)
    return Placement(model, path=chat, stream_path=stream)


MODEL_RULES: Mapping[str, ModelRule] = {
    rule.__name__: rule
    for rule in (
        azure_deployment,
        baseten_dedicated,
        bedrock_model,
        bedrock_without_invoke,
        clarifai_url,
        cohere_v2,
        fireworks_account,
        huggingface_router,
        openai_api,
        openrouter_own,
        predibase_deployment,
        ragflow_chat,
        vertex_endpoint,
        watsonx_chat,
    )
}
"""The model rules that rows may name."""
