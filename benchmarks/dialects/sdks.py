"""The wire formats under comparison, and the SDK of each one's vendor."""

from benchmarks.libraries import LIBRARIES, Library

OURS = LIBRARIES["aiollm"]


def _sdk(dialect: str, name: str, *below: str, imports: str = "") -> Library:
    adapter = f"benchmarks.dialects.clients.{dialect}"
    return Library(name, adapter, (name,), imports=imports or name, distributions=(name, *below))


SDKS = {
    "anthropic": _sdk("anthropic", "anthropic", "httpx2", "pydantic"),
    "gemini": _sdk("gemini", "google-genai", "httpx2", "pydantic", imports="google.genai"),
    "converse": _sdk("converse", "boto3", "botocore", "urllib3"),
    "cohere": _sdk("cohere", "cohere", "httpx", "pydantic"),
    "mistral": _sdk("mistral", "mistralai", "httpx2", "pydantic", imports="mistralai.client"),
    "ollama": _sdk("ollama", "ollama", "httpx", "pydantic"),
    "responses": _sdk("responses", "openai", "httpx2", "pydantic"),
    "azure": _sdk("azure", "openai", "httpx2", "pydantic"),
}
"""By wire format."""
