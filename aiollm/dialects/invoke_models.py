"""What wraps which model's format: behind Bedrock's InvokeModel, and behind SageMaker's endpoints."""

from __future__ import annotations

from aiollm.dialects.anthropic import Anthropic
from aiollm.dialects.base import Dialect
from aiollm.dialects.converse import Converse
from aiollm.dialects.invoke import Invoke, PayloadFramer
from aiollm.dialects.invoke_nova import named_event
from aiollm.dialects.invoke_openai import reasoning_apart
from aiollm.dialects.invoke_text import InvokeText, llama_prompt, mistral_prompt
from aiollm.dialects.openai import OpenAI

__all__ = ["claude", "llama", "mistral", "nova", "on_sagemaker", "openai"]


def claude() -> Dialect:
    """Return the dialect of Claude behind InvokeModel."""
    return Invoke(
        Anthropic(
            body={"anthropic_version": "bedrock-2023-05-31"},
            left_out=frozenset({"model", "stream"}),
            betas_in_body=True,
            schemas=False,  # by a tool it works with every version
        )
    )


def llama() -> Dialect:
    """Return the dialect of Llama behind InvokeModel."""
    return Invoke(InvokeText(llama_prompt))


def mistral() -> Dialect:
    """Return the dialect of Mistral's models behind InvokeModel."""
    return Invoke(InvokeText(mistral_prompt))


def nova() -> Dialect:
    """Return the dialect of Amazon Nova behind InvokeModel."""
    return Invoke(Converse(), named_event)


def openai() -> Dialect:
    """Return the dialect of OpenAI's open models behind InvokeModel."""
    return Invoke(OpenAI(), reasoning_apart)


def on_sagemaker() -> Dialect:
    """Return the dialect of a model behind SageMaker that speaks OpenAI's format."""
    return Invoke(OpenAI(), framer=PayloadFramer)
