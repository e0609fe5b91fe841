"""What the chunks and the whole answers of Gemini's format have in common: one candidate's share of the answer.

Where things go, as in LiteLLM: thoughts to `reasoning_content`; signatures to `provider_specific_fields` and, for a
tool call, behind its id; sources to `annotations`; raw metadata to members named `vertex_ai_...`. What OpenAI has no
place for (code that Google ran, calls of its own tools) is kept as it came in
`provider_specific_fields["server_parts"]`, from where it is sent back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from aiollm.dialects.base import Context
from aiollm.dialects.finish import finish_reason
from aiollm.dialects.gemini_arguments import GrowingArguments
from aiollm.dialects.gemini_contents import SIGNATURE_MARK
from aiollm.types.logprobs import ChoiceLogprobs
from aiollm.types.shape import EMPTY, is_object

__all__ = ["CandidateState", "log_probabilities", "metadata_members"]

_METADATA = {
    "groundingMetadata": "vertex_ai_grounding_metadata",
    "urlContextMetadata": "vertex_ai_url_context_metadata",
    "safetyRatings": "vertex_ai_safety_results",
    "citationMetadata": "vertex_ai_citation_metadata",
}
_NUMBERED = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER", 6: "OTHER", 7: "OTHER", 8: "OTHER"}
"""The reasons by number, as a server writes them that was asked for numbers; 6 to 8 are filters in all versions."""


def _native_reason(candidate: dict[str, Any]) -> str | None:
    """Return a candidate's finish reason by name; None when it has none yet."""
    given = candidate.get("finishReason")
    if not given or given == "FINISH_REASON_UNSPECIFIED":
        return None
    return given if isinstance(given, str) else _NUMBERED.get(given, str(given))


def metadata_members(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of all candidates under LiteLLM's names: a list each, without the empty ones."""
    found: dict[str, list[Any]] = {}
    for candidate in payload.get("candidates") or ():
        for name, ours in _METADATA.items():
            if value := candidate.get(name):
                found.setdefault(ours, []).append(value)
    feedback = payload.get("promptFeedback")
    return {**found, "vertex_ai_prompt_feedback": [feedback]} if feedback else found


def log_probabilities(candidate: dict[str, Any]) -> ChoiceLogprobs | None:
    """Return the log probabilities of a candidate's tokens, or None when there are none."""
    result = candidate.get("logprobsResult") or EMPTY
    chosen = result.get("chosenCandidates")
    if not chosen:
        return None
    top: list[Any] = [step.get("candidates") or () for step in result.get("topCandidates") or ()]
    top += [()] * (len(chosen) - len(top))
    content: Any = [
        {**_token(token), "top_logprobs": [_token(other) for other in others]}
        for token, others in zip(chosen, top, strict=False)
    ]
    return ChoiceLogprobs(content=content)


def _token(candidate: dict[str, Any]) -> dict[str, Any]:
    token = candidate.get("token") or ""
    return {"token": token, "logprob": candidate.get("logProbability") or 0.0, "bytes": list(token.encode())}


class CandidateState:
    """What has come of one candidate.

    Attributes:
        native: Gemini's finish reason, once it has come.
        called: how many functions it has called.
        growing: the call whose arguments are still coming, by its name.
    """

    def __init__(self, context: Context) -> None:
        self.native: str | None = None
        self.finish_message: str | None = None
        self.role_sent = False
        self.called: int = 0
        self.growing: tuple[str, str, GrowingArguments] | None = None  # id, name, arguments
        self._blocked = False
        self._average: float | None = None  # log probability
        self._context = context
        self._images = 0
        self._sources: set[tuple[Any, ...]] = set()

    @property
    def finish_reason(self) -> str | None:
        """The finish reason in OpenAI's terms."""
        if self._blocked:
            return "content_filter"
        return None if self.native is None else finish_reason(self.native, called_tools=bool(self.called))

    def block(self, feedback: dict[str, Any]) -> None:
        """Say that there is no answer, because of what was asked."""
        self._blocked = True
        self.native = str(feedback.get("blockReason") or "BLOCKED_REASON_UNSPECIFIED")
        self.finish_message = feedback.get("blockReasonMessage")

    def finish_members(self) -> dict[str, Any]:
        """Return what stands beside the finish reason: Gemini's own, where it says more, and its words."""
        members: dict[str, Any] = {"finish_message": self.finish_message} if self.finish_message else {}
        if self._average is not None:
            members["avg_logprobs"] = self._average
        if self.native is not None and self.native.lower() != self.finish_reason:
            members["native_finish_reason"] = self.native
        return members

    def fields(self, candidate: dict[str, Any], utf8: bytes | bytearray = b"") -> dict[str, Any]:
        """Return what a candidate adds, as the fields of a delta or a message.

        Args:
            candidate: the candidate.
            utf8: the text that has come before, which sources point into.
        """
        self.native = _native_reason(candidate) or self.native
        self.finish_message = candidate.get("finishMessage") or self.finish_message
        self._average = candidate.get("avgLogprobs", self._average)
        gathered = _Gathered()
        for part in (candidate.get("content") or EMPTY).get("parts") or ():
            self._read(part, gathered)
        fields = gathered.fields()
        grounding: dict[str, Any] = candidate.get("groundingMetadata") or {}
        if grounding.get("groundingSupports"):
            sources = list(self._annotations(grounding, bytes(utf8) + gathered.text.encode()))
            return {**fields, "annotations": sources} if sources else fields
        return fields

    def _read(self, part: dict[str, Any], into: _Gathered) -> None:
        signature = part.get("thoughtSignature")
        if signature:
            into.signatures.append(signature)
        if part.get("text") is not None:
            if part.get("thought"):
                into.thought += part["text"]
            else:
                into.text += part["text"]
        elif part.get("functionCall") is not None:
            into.calls += self._calls(part["functionCall"], signature)
        elif part.get("inlineData") and not part.get("thought"):
            self._read_data(part, into)
        elif any(value is not None for name, value in part.items() if name not in ("thoughtSignature", "thought")):
            into.server_parts.append(part)

    def _read_data(self, part: dict[str, Any], into: _Gathered) -> None:
        data = part["inlineData"]
        kind, content = data.get("mimeType") or "", data.get("data") or ""
        if kind.startswith("image/"):
            url = {"url": f"data:{kind};base64,{content}"}
            into.images.append({"type": "image_url", "image_url": url, "index": self._images})
            self._images += 1
        elif kind.startswith("audio/"):
            into.audio = {"data": (into.audio or {}).get("data", "") + content, "mime_type": kind}
        else:
            into.server_parts.append(part)

    def _calls(self, call: dict[str, Any], signature: str | None) -> Iterator[dict[str, Any]]:
        """Give the call that is whole with this part; Gemini gives no id, or one of its own."""
        if self.growing is None:
            given_id = call.get("id") or f"call_{self._context.new_id()}"
            call_id = f"{given_id}{SIGNATURE_MARK}{signature}" if signature else given_id
            self.growing = call_id, call.get("name") or "", GrowingArguments(call.get("args") or {})
        call_id, name, arguments = self.growing
        arguments.add(call.get("partialArgs") or ())
        if call.get("willContinue"):
            return
        self.growing = None
        whole = {
            "id": call_id,
            "type": "function",
            "index": self.called,
            "function": {"name": name, "arguments": msgspec.json.encode(arguments.value).decode()},
        }
        self.called += 1
        signature = call_id.partition(SIGNATURE_MARK)[2]
        yield {**whole, "provider_specific_fields": {"thought_signature": signature}} if signature else whole

    def _annotations(self, grounding: dict[str, Any], utf8: bytes) -> Iterator[dict[str, Any]]:
        """Give the sources that are new, each with the piece of text that it supports."""
        chunks: Any = grounding.get("groundingChunks") or ()
        for support in grounding["groundingSupports"]:
            segment: dict[str, Any] = support.get("segment") or {}
            start, end = _character_places(segment, utf8)
            for index in support.get("groundingChunkIndices") or ():
                source = _source(chunks[index]) if index < len(chunks) else EMPTY
                place = (start, end, source.get("uri"))
                if not source.get("uri") or place in self._sources:
                    continue
                self._sources.add(place)
                citation = {"url": source["uri"], "title": source.get("title") or ""}
                yield {"type": "url_citation", "url_citation": {"start_index": start, "end_index": end, **citation}}


class _Gathered:
    """What the parts of one candidate come to."""

    def __init__(self) -> None:
        self.text = ""
        self.thought = ""
        self.calls: list[dict[str, Any]] = []
        self.images: list[dict[str, Any]] = []
        self.audio: dict[str, Any] | None = None
        self.signatures: list[str] = []
        self.server_parts: list[dict[str, Any]] = []

    def fields(self) -> dict[str, Any]:
        specific = {"thought_signatures": self.signatures, "server_parts": self.server_parts}
        found = {
            "content": self.text,
            "reasoning_content": self.thought,
            "tool_calls": self.calls,
            "images": self.images,
            "audio": self.audio,
            "provider_specific_fields": {name: value for name, value in specific.items() if value},
        }
        return {name: value for name, value in found.items() if value}


def _source(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((kind for kind in chunk.values() if is_object(kind) and kind.get("uri")), EMPTY)


def _character_places(segment: dict[str, Any], utf8: bytes) -> tuple[int, int]:
    """Return where a piece of text begins and ends, in characters.

    Gemini counts bytes. Where its bytes do not hold the text it names, the numbers are left as they are: they count
    from the start of a part that cannot be told any more.
    """
    start, end = segment.get("startIndex") or 0, segment.get("endIndex") or 0
    if utf8[start:end] != (segment.get("text") or "").encode():
        return start, end
    return len(utf8[:start].decode("utf-8", "ignore")), len(utf8[:end].decode("utf-8", "ignore"))
