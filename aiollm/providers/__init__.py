"""Who and where: the catalogue of providers, and what a model's name resolves to."""

from aiollm.providers.auth import authenticate
from aiollm.providers.inspection import get_llm_provider, get_supported_openai_params, validate_environment
from aiollm.providers.provider import Provider, Target
from aiollm.providers.registry import providers, register, resolve

__all__ = [
    "Provider",
    "Target",
    "authenticate",
    "get_llm_provider",
    "get_supported_openai_params",
    "providers",
    "register",
    "resolve",
    "validate_environment",
]
