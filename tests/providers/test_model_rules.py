"""Where each model rule places a model."""

import pytest

from aiollm.providers import model_rules
from aiollm.providers.model_rules import MODEL_RULES, Placement

PROFILE = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-x"
PLACES = [
    ("fireworks_account", "llama", Placement("accounts/fireworks/models/llama")),
    ("fireworks_account", "accounts/me/models/x", Placement("accounts/me/models/x")),
    ("fireworks_account", "llama#me/d", Placement("llama#me/d")),
    ("openrouter_own", "auto", Placement("openrouter/auto")),
    ("openrouter_own", "openai/gpt-4o", Placement("openai/gpt-4o")),
    ("clarifai_url", "openai.chat.gpt-4.1", Placement("https://clarifai.com/openai/chat/models/gpt-4.1")),
    ("clarifai_url", "https://clarifai.com/a/b/models/c", Placement("https://clarifai.com/a/b/models/c")),
    ("clarifai_url", "gpt-4", Placement("gpt-4")),
    ("baseten_dedicated", "deepseek-ai/DeepSeek-V3", Placement("deepseek-ai/DeepSeek-V3")),
    (
        "baseten_dedicated",
        "abcd1234",
        Placement("abcd1234", "https://model-abcd1234.api.baseten.co/environments/production/sync/v1"),
    ),
    ("vertex_endpoint", "openai/1234", Placement("1234")),
    ("vertex_endpoint", "openai/gpt-oss-120b-maas", Placement("openai/gpt-oss-120b-maas")),
    ("vertex_endpoint", "gemini-2.5-flash", Placement("gemini-2.5-flash")),
    ("bedrock_model", "us.anthropic.claude-sonnet-4-5-v1:0", Placement("us.anthropic.claude-sonnet-4-5-v1:0")),
    ("bedrock_model", "converse/amazon.nova-pro-v1:0", Placement("amazon.nova-pro-v1:0")),
    ("bedrock_model", "invoke/amazon.nova-pro-v1:0", Placement("amazon.nova-pro-v1:0")),
    ("bedrock_model", "us-west-2/m", Placement("m", options=(("aws_region_name", "us-west-2"),))),
    ("bedrock_model", "converse/us-gov-west-1/m", Placement("m", options=(("aws_region_name", "us-gov-west-1"),))),
    ("bedrock_model", PROFILE, Placement(PROFILE, options=(("aws_region_name", "eu-west-1"),))),
    ("bedrock_model", f"llama/{PROFILE}", Placement(PROFILE, options=(("aws_region_name", "eu-west-1"),))),
    ("bedrock_model", f"us-west-2/{PROFILE}", Placement(PROFILE, options=(("aws_region_name", "eu-west-1"),))),
    ("ragflow_chat", "chat/a b/m/x", Placement("m/x", path="/api/v1/chats_openai/a%20b/chat/completions")),
    ("ragflow_chat", "agent/7/m", Placement("m", path="/api/v1/agents_openai/7/chat/completions")),
    ("cohere_v2", "command-a-03-2025", Placement("command-a-03-2025")),
    ("huggingface_router", "org/model", Placement("org/model")),
    ("huggingface_router", "together/org/model", Placement("org/model:together")),
    ("huggingface_router", "together/org/model:fastest", Placement("together/org/model:fastest")),
    ("huggingface_router", "tgi", Placement("tgi")),
    ("predibase_deployment", "qwen3-8b", Placement("qwen3-8b", path="/qwen3-8b/v1/chat/completions")),
    ("predibase_deployment", "q/mine/2", Placement("q/mine/2", path="/q/v1/chat/completions")),
    ("watsonx_chat", "ibm/granite", Placement("ibm/granite")),
    (
        "watsonx_chat",
        "deployment/a b",
        Placement(
            "deployment/a b",
            path="/ml/v1/deployments/a%20b/text/chat?version=2024-03-13",
            stream_path="/ml/v1/deployments/a%20b/text/chat_stream?version=2024-03-13",
        ),
    ),
]


@pytest.mark.parametrize(("rule", "model", "place"), PLACES)
def test_a_model_rule_places_a_model(rule: str, model: str, place: Placement) -> None:
    assert MODEL_RULES[rule](model) == place


@pytest.mark.parametrize("model", ["anthropic/claude", "nowhere/m", "converse/llama/m"])
def test_an_unknown_route_of_bedrock_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match="ARN"):
        model_rules.bedrock_model(model)


@pytest.mark.parametrize("model", ["m", "chat/m", "chat//m", "chat/1/", "room/1/m"])
def test_a_conversation_without_its_id_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match="ragflow/agent"):
        model_rules.ragflow_chat(model)


@pytest.mark.parametrize(("rule", "model"), [("cohere_v2", "v1/command"), ("watsonx_chat", "deployment/ ")])
def test_a_name_that_cannot_be_placed_is_refused(rule: str, model: str) -> None:
    with pytest.raises(ValueError, match=r"write (cohere|watsonx)/"):
        MODEL_RULES[rule](model)
