"""AWS's SDK, which blocks: it has no other."""

from typing import Any

import boto3
from botocore.config import Config

from benchmarks.dialects.clients import API_KEY, MAX_TOKENS, MODEL, PROMPT

BLOCKING = True


class Client:
    """A ``bedrock-runtime`` client for one address."""

    def __init__(self, address: str) -> None:
        self._bedrock: Any = boto3.client(
            "bedrock-runtime",
            region_name="eu-west-1",
            endpoint_url=address,
            aws_access_key_id=API_KEY,
            aws_secret_access_key=API_KEY,
            config=Config(retries={"max_attempts": 0}),
        )

    def open(self) -> Any:
        messages = [{"role": "user", "content": [{"text": PROMPT}]}]
        limits = {"maxTokens": MAX_TOKENS}
        return self._bedrock.converse_stream(modelId=MODEL, messages=messages, inferenceConfig=limits)["stream"]

    @staticmethod
    def text(event: Any) -> str | None:
        if "contentBlockDelta" in event:
            text: str | None = event["contentBlockDelta"]["delta"].get("text")
            return text
        return None

    def close(self, stream: Any) -> None:
        stream.close()

    def aclose(self) -> None:
        self._bedrock.close()
