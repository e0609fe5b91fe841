"""What single providers want done to a request: pure functions, named by the catalogue's rows.

A body quirk changes the finished request body (a JSON object in OpenAI's shape) and returns a new one; it never
mutates what it is given. A model rule reads the model's name and says what goes upstream, and where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from aiollm.providers.mistral import mistral_messages
from aiollm.providers.watsonx import watsonx_body, watsonx_paths
from aiollm.types.endpoint import BodyQuirk

__all__ = ["BODY_QUIRKS", "MODEL_RULES", "ROLE_QUIRKS", "ModelRule", "Placement"]

_Body = dict[str, Any]
_Message = Mapping[str, Any]


def developer_as_system(body: _Body) -> _Body:
    """The provider knows no developer role; system is the nearest."""
    return _rename_role(body, "developer", "system")


def developer_as_user(body: _Body) -> _Body:
    """The provider takes neither a developer nor a second system message."""
    return _rename_role(body, "developer", "user")


def flatten_text(body: _Body) -> _Body:
    """A list of text parts becomes one string; a list with any other part stays, for the provider to judge."""
    return _map_messages(body, _flat)


def strip_names(body: _Body) -> _Body:
    """Only a tool's result may carry `name`."""
    return _map_messages(body, lambda message: message if message.get("role") == "tool" else _without(message, "name"))


def strip_nulls(body: _Body) -> _Body:
    """Members that are null are refused on assistant messages, as a dumped reply has them."""
    return _map_messages(body, _assistant_without_nulls)


def tool_choice_any(body: _Body) -> _Body:
    """Mistral's word for "required" is "any"."""
    return {**body, "tool_choice": "any"} if body.get("tool_choice") == "required" else body


def tool_choice_in_words(body: _Body) -> _Body:
    """`tool_choice` "required" is refused; the wish goes into a last user message."""
    if body.get("tool_choice") != "required":
        return body
    wish = {"role": "user", "content": "Call one of the tools now."}
    return {**_without(body, "tool_choice"), "messages": [*body["messages"], wish]}


def effort_max_as_xhigh(body: _Body) -> _Body:
    """The highest effort is called "xhigh"."""
    return {**body, "reasoning_effort": "xhigh"} if body.get("reasoning_effort") == "max" else body


def usage_included(body: _Body) -> _Body:
    """OpenRouter counts tokens and cost in the last chunk when asked in its own way; a caller's `usage` wins."""
    return body if "usage" in body else {**body, "usage": {"include": True}}


def model_without_version(body: _Body) -> _Body:
    """On Vertex AI the version (`@2411`) is part of the path only."""
    return {**body, "model": str(body.get("model")).partition("@")[0]}


def store_off(body: _Body) -> _Body:
    """The provider wants `store` to be there and false."""
    return {**body, "store": False}


def effort_as_thinking(body: _Body) -> _Body:
    """DeepSeek switches reasoning by `thinking`, without a budget; an effort only counts while it is on."""
    given, effort = body.get("thinking"), body.get("reasoning_effort")
    if isinstance(given, Mapping) and given.get("type") in ("enabled", "disabled"):
        kind = given["type"]
    elif effort is not None:
        kind = "disabled" if effort == "none" else "enabled"
    else:
        return body
    changed = {**body, "thinking": {"type": kind}}
    return _without(changed, "reasoning_effort") if kind == "disabled" else changed


def reasoning_replayed(body: _Body) -> _Body:
    """With thinking switched on, DeepSeek wants reasoning on every assistant turn; one space is the least it takes."""
    thinking = body.get("thinking")
    if not isinstance(thinking, Mapping) or thinking.get("type") != "enabled":
        return body
    return _map_messages(body, _with_reasoning)


def max_completion_tokens_if_reasoning(body: _Body) -> _Body:
    """OpenAI's reasoning models (o*, gpt-5 and later) refuse `max_tokens`."""
    return max_completion_tokens_always(body) if _OPENAI_REASONING.match(str(body.get("model"))) else body


def max_completion_tokens_always(body: _Body) -> _Body:
    """A reasoning model under a name that does not tell: `max_tokens` is refused."""
    if "max_tokens" not in body:
        return body
    changed = _without(body, "max_tokens")
    changed.setdefault("max_completion_tokens", body["max_tokens"])
    return changed


def effort_as_claude_thinking(body: _Body) -> _Body:
    """Databricks has Claude think within a budget, which counts against `max_tokens`."""
    effort = body.get("reasoning_effort")
    if effort is None or "claude" not in str(body.get("model")):
        return body
    changed = _without(body, "reasoning_effort")
    if isinstance(effort, Mapping):
        effort = effort.get("effort")
    if effort == "none":
        return changed
    budget = _CLAUDE_BUDGETS.get(str(effort), _CLAUDE_BUDGETS["high"])
    changed["thinking"] = {"type": "enabled", "budget_tokens": budget}
    if changed.get("max_tokens", 0) <= budget:
        changed["max_tokens"] = changed.get("max_tokens", 4096) + budget
    return changed


def adapter_only(body: _Body) -> _Body:
    """Predibase names the deployment in its path; the model is the adapter on it, or "" for none."""
    return {**body, "model": body["model"].partition("/")[2]}


def schema_in_words(body: _Body) -> _Body:
    """JSON mode is there, but no schema: the schema goes into a last user message."""
    wanted = body.get("response_format")
    if not isinstance(wanted, Mapping) or wanted.get("type") != "json_schema":
        return body
    schema = json.dumps(wanted.get("json_schema", {}).get("schema", {}), ensure_ascii=False)
    wish = {"role": "user", "content": f"Answer with one JSON object that follows this JSON schema: {schema}"}
    return {**body, "response_format": {"type": "json_object"}, "messages": [*body["messages"], wish]}


def tools_as_functions(body: _Body) -> _Body:
    """GigaChat speaks OpenAI's older functions: one call a turn, its arguments an object."""
    changed = _map_messages(_without(body, "tools", "tool_choice", "parallel_tool_calls"), _with_function_call)
    choice = body.get("tool_choice")
    functions = [tool["function"] for tool in body.get("tools") or () if tool.get("type") == "function"]
    if functions and choice != "none":
        changed["functions"] = functions
        if isinstance(choice, Mapping) and "function" in choice:
            changed["function_call"] = {"name": choice["function"]["name"]}
    return changed


def model_in_url(body: _Body) -> _Body:
    """What the URL says already is refused in the body."""
    return _without(body, "model", "stream", "stream_options")


def nova_own(body: _Body) -> _Body:
    """Nova's own format is Converse's, but what goes to the model stands beside the other members."""
    own = body.get("additionalModelRequestFields", {})
    inference = {**body.get("inferenceConfig", {}), **own.get("inferenceConfig", {})}
    inference = {"inferenceConfig": inference} if inference else {}
    return {"schemaVersion": "messages-v1", **_without(body, "additionalModelRequestFields"), **own, **inference}


ROLE_QUIRKS: Mapping[str, BodyQuirk | None] = {
    "developer": None,
    "system": developer_as_system,
    "user": developer_as_user,
}
"""What a row's `developer_role` means: the role that developer messages are sent with."""

BODY_QUIRKS: Mapping[str, BodyQuirk] = {
    quirk.__name__: quirk
    for quirk in (
        adapter_only,
        effort_as_claude_thinking,
        effort_as_thinking,
        effort_max_as_xhigh,
        flatten_text,
        max_completion_tokens_if_reasoning,
        mistral_messages,
        model_in_url,
        model_without_version,
        nova_own,
        reasoning_replayed,
        schema_in_words,
        store_off,
        strip_names,
        strip_nulls,
        tool_choice_any,
        tool_choice_in_words,
        tools_as_functions,
        usage_included,
        watsonx_body,
    )
}
"""The quirks that rows may name."""


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

_CLAUDE_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096}  # tokens, as LiteLLM reads efforts

# Models without chat completions: verified in LiteLLM 1.109.1's table (mode "responses"), but for computer-use-preview,
# which is assumed. The last is Bedrock's name of OpenAI's models.
_RESPONSES_ONLY = re.compile(
    r"(ft:)?(gpt-\d+(\.\d+)?-(codex|pro)|gpt-daybreak|codex-mini|o\d+-pro|o\d+(-mini)?-deep-research|"
    r"computer-use-preview|openai\.gpt-\d+)\b"
)
_OPENAI_REASONING = re.compile(r"(ft:)?(o\d|gpt-(?!35)([5-9]|\d\d))")  # Azure writes gpt-35-turbo


def _map_messages(body: _Body, change: Callable[[_Message], _Message]) -> _Body:
    """Return the body with every message changed."""
    return {**body, "messages": [change(message) for message in body["messages"]]}


def _without(members: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def _rename_role(body: _Body, role: str, other: str) -> _Body:
    if all(message.get("role") != role for message in body["messages"]):
        return body
    return _map_messages(body, lambda message: {**message, "role": other} if message.get("role") == role else message)


def _flat(message: _Message) -> _Message:
    parts = message.get("content")
    if not isinstance(parts, list) or not parts:
        return message
    if not all(isinstance(part, Mapping) and part.get("type") == "text" for part in parts):
        return message
    return {**message, "content": "".join(part.get("text", "") for part in parts)}


def _assistant_without_nulls(message: _Message) -> _Message:
    if message.get("role") != "assistant":
        return message
    return {name: value for name, value in message.items() if value is not None}


def _with_reasoning(message: _Message) -> _Message:
    if message.get("role") != "assistant" or message.get("reasoning_content"):
        return message
    return {**message, "reasoning_content": " "}


def _with_function_call(message: _Message) -> _Message:
    if message.get("role") == "tool":
        return {**_without(message, "tool_call_id"), "role": "function"}
    calls = message.get("tool_calls")
    if not calls:
        return message
    function = calls[0]["function"]
    call = {"name": function["name"], "arguments": _parsed(function.get("arguments"))}
    return {**_without(message, "tool_calls"), "function_call": call}


def _parsed(arguments: Any) -> Any:
    """Arguments as the object they spell; as they are when they spell none."""
    try:
        return json.loads(arguments)
    except (TypeError, ValueError):
        return arguments
