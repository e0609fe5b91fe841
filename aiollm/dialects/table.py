"""The dialects by name."""

from __future__ import annotations

from collections.abc import Mapping

from aiollm.dialects.anthropic import Anthropic
from aiollm.dialects.base import Dialect
from aiollm.dialects.cohere import Cohere
from aiollm.dialects.converse import Converse
from aiollm.dialects.gemini import Gemini
from aiollm.dialects.invoke import Invoke, PayloadFramer
from aiollm.dialects.invoke_nova import named_event
from aiollm.dialects.invoke_openai import reasoning_apart
from aiollm.dialects.invoke_text import InvokeText, llama_prompt, mistral_prompt
from aiollm.dialects.ollama import Ollama
from aiollm.dialects.openai import OpenAI
from aiollm.dialects.responses import Responses

__all__ = ["DIALECTS"]

DIALECTS: Mapping[str, Dialect] = {
    "anthropic": Anthropic(),
    "anthropic_foundry": Anthropic(schemas=False),  # a preview there; by a tool it works everywhere
    # The model stands in the path (the official client's lib/vertex); LiteLLM sends no schemas there.
    "anthropic_vertex": Anthropic(
        body={"anthropic_version": "vertex-2023-10-16"}, left_out=frozenset({"model"}), schemas=False
    ),
    "cohere": Cohere(),
    "converse": Converse(),
    "gemini": Gemini(),
    "invoke_claude": Invoke(
        Anthropic(
            body={"anthropic_version": "bedrock-2023-05-31"},
            left_out=frozenset({"model", "stream"}),
            betas_in_body=True,
            schemas=False,  # by a tool it works with every version
        )
    ),
    "invoke_llama": Invoke(InvokeText(llama_prompt)),
    "invoke_mistral": Invoke(InvokeText(mistral_prompt)),
    "invoke_nova": Invoke(Converse(), named_event),
    "invoke_openai": Invoke(OpenAI(), reasoning_apart),
    "ollama": Ollama(),
    "openai": OpenAI(),
    "responses": Responses(),
    "sagemaker": Invoke(OpenAI(), framer=PayloadFramer),
}
