"""Answers as the events of an agent's run, for clients of the Agent User Interaction Protocol (AG-UI).

    return stream_response(answer, writer=AGUIEvents(asked.thread_id, asked.run_id))

Source: https://docs.ag-ui.com and the types of `ag-ui-protocol` 1.0.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiollm.outbound.failure import Failure
from aiollm.outbound.frames import data_frame
from aiollm.outbound.parts import Part, Parts, Step, token_counts
from aiollm.types.chunk import ModelResponseStream
from aiollm.wire.alike import AlikeEvents

__all__ = ["AGUIEvents"]


class AGUIEvents:
    """Writes one stream as one run.

    Text and reasoning are messages of their own, and calls of tools name the message of text before them. The run ends
    in `RUN_FINISHED`, with the finish reason in its `result` and, where they were counted, the tokens; or in
    `RUN_ERROR`. Where an answer broke off and was taken up again, a `CUSTOM` event named "recovery" says so: if its
    `action` is "restart", the messages before it are void. The protocol has no event for sources and pictures: they are
    left out.

    Args:
        thread_id, run_id: of the run, as the client's request has them.
    """

    heartbeat: bytes = b": keep-alive\n\n"
    headers: Mapping[str, str] = {}
    alike: AlikeEvents | None = None

    def __init__(self, thread_id: str, run_id: str) -> None:
        self._run = {"threadId": thread_id, "runId": run_id}
        self._parts = Parts()
        self._begun = False
        self._message: str | None = None

    def feed(self, chunk: ModelResponseStream) -> bytes:
        """Return the events of a chunk."""
        told = self._opening()
        if chunk.recovery is not None:
            if chunk.recovery.action == "restart":
                told += self._steps(self._parts.end())
            told.append({"type": "CUSTOM", "name": "recovery", "value": chunk.recovery.model_dump()})
        return _frames([*told, *self._steps(self._parts.feed(chunk))])

    def finish(self) -> bytes:
        """Return the end of the run."""
        told = [*self._opening(), *self._steps(self._parts.end())]
        end = {"type": "RUN_FINISHED", **self._run, "result": {"finishReason": self._parts.finish_reason}}
        return _frames([*told, {**end, **self._counted()}])

    def fail(self, failure: Failure) -> bytes:
        """Return the error, which ends the run."""
        end = {"type": "RUN_ERROR", "message": failure.message, "code": failure.code, **self._counted()}
        return _frames([*self._opening(), end])

    def _counted(self) -> dict[str, Any]:
        usage = self._parts.usage
        return {} if usage is None else {"usage": [token_counts(usage)]}

    def _opening(self) -> list[dict[str, Any]]:
        """Return the beginning of the run, once."""
        if self._begun:
            return []
        self._begun = True
        return [{"type": "RUN_STARTED", **self._run}]

    def _steps(self, steps: Iterable[Step]) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        for step in steps:
            told += self._call(step) if step.part.kind == "call" else self._said(step)
        return told

    def _said(self, step: Step) -> list[dict[str, Any]]:
        part, named = step.part, {"messageId": self._id(step.part)}
        if part.kind == "text":
            if step.what == "start":
                self._message = named["messageId"]
                return [{"type": "TEXT_MESSAGE_START", **named, "role": "assistant"}]
            if step.what == "end":
                return [{"type": "TEXT_MESSAGE_END", **named}]
            return [{"type": "TEXT_MESSAGE_CONTENT", **named, "delta": step.piece}]
        if step.what == "start":
            opened = {"type": "REASONING_MESSAGE_START", **named, "role": "reasoning"}
            return [{"type": "REASONING_START", **named}, opened]
        if step.what == "end":
            return [{"type": "REASONING_MESSAGE_END", **named}, {"type": "REASONING_END", **named}]
        return [{"type": "REASONING_MESSAGE_CONTENT", **named, "delta": step.piece}]

    def _call(self, step: Step) -> list[dict[str, Any]]:
        named = {"toolCallId": step.part.id}
        if step.what == "start":
            parent = {} if self._message is None else {"parentMessageId": self._message}
            return [{"type": "TOOL_CALL_START", **named, "toolCallName": step.part.name, **parent}]
        if step.what == "end":
            return [{"type": "TOOL_CALL_END", **named}]
        return [{"type": "TOOL_CALL_ARGS", **named, "delta": step.piece}]

    def _id(self, part: Part) -> str:
        return f"{self._run['runId']}-{part.number}"


def _frames(told: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(map(data_frame, told))
