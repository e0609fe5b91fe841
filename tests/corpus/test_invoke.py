"""Recorded replies of Bedrock's InvokeModel, in the formats that are spoken here, cut anywhere."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.base import Dialect
from aiollm.dialects.table import dialect_of
from aiollm.providers import providers
from aiollm.wire.http import ReplyHead
from tests import CORPUS
from tests.corpus.event_streams import edges, messages
from tests.corpus.recordings import Recording, recordings
from tests.corpus.rules import check_answer, check_chunks, check_cuts
from tests.dialects.reading import decode, endpoint, read, request, tool_calls

REFUSED = re.compile(
    r"braintrust|titan|cohere\.|claude-v2|claude-instant|j2-mid|sagemaker|embed|"
    # claude-v2, by the prompt that it took before it had messages
    r"stream-stop-seq-anthropic\.claude-8f25299d|full-stop-seq-anthropic"
)
"""Formats that AWS has retired with their models (Converse takes those that are left), and what is no chat."""

METRICS = "amazon-bedrock-invocationMetrics"
CLASSES = {400: e.BadRequestError, 403: e.PermissionDeniedError, 503: e.ServiceUnavailableError}
FINISHES = {
    "end_turn": "stop",
    "stop": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "length": "length",
    "tool_use": "tool_calls",
    "tool_calls": "tool_calls",
}


def never(head: bytes, body: bytes) -> bool:
    """No server that we can run speaks it."""
    return False


def facts(recording: Recording) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CORPUS / "dev" / f"{recording.name}.meta.json").read_bytes())
    return found


def dialect(recording: Recording) -> Dialect:
    """The dialect that the catalogue's row says for the recorded model."""
    path = json.loads((CORPUS / "dev" / f"{recording.name}.request.json").read_bytes())["path"]
    model = path.split("/")[2].replace("%3A", ":")
    return dialect_of(providers()["bedrock"].for_model(f"invoke/{model}").dialect)


STREAMS = [one for one in recordings("invoke-stream", never) if one.status == 200 and not REFUSED.search(one.name)]
WHOLE = [one for one in recordings("invoke", never) if one.status == 200 and not REFUSED.search(one.name)]
ERRORS = [one for wire in ("invoke", "invoke-stream") for one in recordings(wire, never) if one.status != 200]


def each(chosen: list[Recording]) -> Any:
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def events(recording: Recording) -> list[dict[str, Any]]:
    return [json.loads(base64.b64decode(payload["bytes"])) for _, payload in messages(recording.body)]


def text_of(event: dict[str, Any]) -> str:
    """What an event of any model adds to the text, read without any of our code."""
    if "choices" in event:
        content = "".join((choice.get("delta") or {}).get("content") or "" for choice in event["choices"])
        return re.sub(r"<reasoning>.*?</reasoning>", "", content, flags=re.DOTALL)
    if "outputs" in event:
        return event["outputs"][0]["text"]
    delta = event.get("contentBlockDelta", event).get("delta") or {}
    return event.get("generation") or delta.get("text") or ""


def counts(sent: list[dict[str, Any]]) -> tuple[int, int]:
    """The tokens of a stream; Claude's own count of its answer is another than AWS's."""
    (measured,) = [event[METRICS] for event in sent if METRICS in event]
    own = [event["usage"]["output_tokens"] for event in sent if event.get("type") == "message_delta"]
    return measured["inputTokenCount"], (own or [measured["outputTokenCount"]])[-1]


def test_there_is_much_to_replay(corpus: Path) -> None:
    assert (len(STREAMS), len(WHOLE), len(ERRORS)) >= (23, 9, 5)


@each(STREAMS)
def test_a_stream_is_the_same_however_it_is_cut(recording: Recording) -> None:
    check_cuts(recording, dialect(recording), edges=edges(recording.body))


@each(STREAMS)
def test_a_stream_says_what_its_events_say(recording: Recording) -> None:
    reading = read([recording.body], dialect=dialect(recording))
    assert reading.error is None
    check_chunks(reading)
    check_answer(reading)
    sent = events(recording)
    assert reading.text() == "".join(map(text_of, sent))
    assert reading.finishes == {0: [FINISHES[facts(recording)["finish"][0]]]}
    usage = reading.chunks[-1].usage
    assert (usage.prompt_tokens, usage.completion_tokens) == counts(sent)
    for call in tool_calls(reading):
        json.loads(call["arguments"])
    assert bool(tool_calls(reading)) == ("tools" in facts(recording)["features"])
    assert bool(reading.text(field="reasoning_content")) == (
        "reasoning" in facts(recording)["features"] and "nova" not in recording.name
    )


@each(WHOLE)
def test_a_whole_reply_is_read(recording: Recording) -> None:
    response = decode(recording.body, dialect=dialect(recording))
    choice = response.choices[0]
    assert choice.message.content or choice.message.tool_calls or choice.message.reasoning_content
    assert "<reasoning>" not in (choice.message.content or "")
    finish = FINISHES[facts(recording)["finish"][0]]
    assert choice.finish_reason == finish
    assert response.usage is not None
    json.loads(response.model_dump_json())


@each(ERRORS)
def test_an_error_has_the_class_of_its_status(recording: Recording) -> None:
    error = dialect_of("invoke_claude").error(
        ReplyHead(recording.status, recording.headers), recording.body, request(), endpoint()
    )
    assert type(error) is CLASSES[recording.status]
    assert json.loads(recording.body)["message"] in str(error)
