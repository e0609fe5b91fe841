"""The objects of calls: aiollm's, which have LiteLLM's names and fields."""

from aiollm.types.chunk import Delta, ModelResponseStream, StreamingChoices
from aiollm.types.embedding import Embedding, EmbeddingResponse
from aiollm.types.logprobs import ChoiceLogprobs
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.types.tools import (
    ChatCompletionDeltaToolCall,
    ChatCompletionMessageToolCall,
    Function,
    FunctionCall,
)
from aiollm.types.usage import Usage

__all__ = [
    "ChatCompletionDeltaToolCall",
    "ChatCompletionMessageToolCall",
    "ChoiceLogprobs",
    "Choices",
    "Delta",
    "Embedding",
    "EmbeddingResponse",
    "Function",
    "FunctionCall",
    "Message",
    "ModelResponse",
    "ModelResponseStream",
    "StreamingChoices",
    "Usage",
]
