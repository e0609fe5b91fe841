"""What settled the chunk type: decoding one typical chunk, cutting the stream into events, handing chunks out.

``python -m benchmarks --micro`` runs it in an environment with every candidate; by hand it needs orjson and aiollm's
own dependencies, and takes pydantic along if it is installed. It prints a Markdown page.

msgspec fills an attrs class by asking the new object for each declared field that the payload lacks, and catching the
``AttributeError``: about 0.25 µs a field. It fills its own ``Struct`` without asking.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import attrs
import cattrs
import msgspec
import orjson

from aiollm.wire.sse import SSEFramer
from benchmarks.markdown import table
from benchmarks.payload import WORDS, content_event

try:
    import pydantic
except ImportError:
    pydantic = None  # type: ignore[assignment]

REPEATS, ROUNDS = 20_000, 7
EVENTS = 200
EVENT = content_event(WORDS % 0, "length")
DATA = EVENT.removeprefix(b"data: ").rstrip()
BODY = EVENT * EVENTS

SENT_DELTA = ("content",)
FEW_DELTA = (*SENT_DELTA, "role", "tool_calls", "reasoning_content")
MANY_DELTA = (
    *FEW_DELTA, "refusal", "function_call", "audio", "images", "annotations", "reasoning", "thinking_blocks",
    "provider_specific_fields",
)  # fmt: skip
CHOICE = {"finish_reason": str | None, "index": int | None, "logprobs": Any}
CHUNK = {
    "id": str | None, "created": int | None, "model": str | None, "object": str | None,
    "system_fingerprint": str | None, "service_tier": str | None, "usage": Any,
}  # fmt: skip

Fields = Mapping[str, Any]
MakeClass = Callable[[str, Fields], type]


def attrs_class(name: str, fields: Fields) -> type:
    """A slotted attrs class whose fields all default to None."""
    body: dict[str, Any] = {"__annotations__": dict(fields), **dict.fromkeys(fields)}
    return attrs.define(slots=True, eq=False)(type(name, (), body))


def struct_class(name: str, fields: Fields) -> type:
    """The same as a ``msgspec.Struct``."""
    return msgspec.defstruct(name, [(field, kind, None) for field, kind in fields.items()])


def pydantic_class(name: str, fields: Fields) -> type:
    """The same as a pydantic model."""
    defaulted: dict[str, Any] = {field: (kind, None) for field, kind in fields.items()}
    model: type = pydantic.create_model(name, **defaulted)
    return model


def chunk_class(make: MakeClass, delta_fields: tuple[str, ...]) -> Any:
    """A chunk of choices of deltas, made by ``make``."""
    delta = make("Delta", dict.fromkeys(delta_fields, Any) | {"content": str | None})
    choice = make("Choice", {**CHOICE, "delta": delta})
    return make("Chunk", {**CHUNK, "choices": list[choice]})  # type: ignore[valid-type]


def decoders() -> dict[str, Callable[[bytes], Any]]:
    """The candidates: bytes of one event's data to a chunk."""
    few, many = chunk_class(attrs_class, FEW_DELTA), chunk_class(attrs_class, MANY_DELTA)
    structure = cattrs.Converter(detailed_validation=False).get_structure_hook(many)
    found: dict[str, Callable[[bytes], Any]] = {
        "orjson to dict": orjson.loads,
        "msgspec to dict": msgspec.json.Decoder().decode,
        "msgspec to Struct": msgspec.json.Decoder(chunk_class(struct_class, MANY_DELTA)).decode,
        "msgspec to attrs, only what is sent": msgspec.json.Decoder(chunk_class(attrs_class, SENT_DELTA)).decode,
        f"msgspec to attrs, {len(FEW_DELTA) - 1} fields absent": msgspec.json.Decoder(few).decode,
        f"msgspec to attrs, {len(MANY_DELTA) - 1} fields absent": msgspec.json.Decoder(many).decode,
        "orjson and cattrs to attrs": lambda data: structure(orjson.loads(data), many),
    }
    if pydantic is not None:
        found["pydantic"] = chunk_class(pydantic_class, MANY_DELTA).model_validate_json
    return found


def framings() -> dict[str, Callable[[bytes], Any]]:
    """Ways to cut a body into events."""
    return {
        r'`bytes.split(b"\n\n")`': lambda body: body.split(b"\n\n"),
        "`aiollm.wire.sse.SSEFramer`": lambda body: list(SSEFramer().feed(body)),
    }


class Handed:
    """An iterator object of either kind over what is ready."""

    def __init__(self, ready: list[Any]) -> None:
        self._pop = iter(ready).__next__

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._pop()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return self._pop()
        except StopIteration:
            raise StopAsyncIteration from None


async def generator(ready: list[Any]) -> AsyncIterator[Any]:
    """The shortest asynchronous generator."""
    for item in ready:
        yield item


def walk(items: Any) -> None:
    for _ in items:
        pass


async def walk_async(items: Any) -> None:
    async for _ in items:
        pass


def iterations() -> dict[str, Callable[[list[Any]], Any]]:
    """Ways to hand out chunks that are ready; a coroutine is driven to its end without an event loop."""
    return {
        "a list itself": walk,
        "class with `__next__`": lambda ready: walk(Handed(ready)),
        "class with `__anext__`": lambda ready: drive(walk_async(Handed(ready))),
        "asynchronous generator": lambda ready: drive(walk_async(generator(ready))),
    }


def drive(coroutine: Any) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("nothing here should wait")


def suspension_us() -> float:
    """One trip through the event loop, which a chunk handed out from a buffer does not make."""

    async def trips() -> float:
        started = time.process_time()
        for _ in range(REPEATS):
            await asyncio.sleep(0)
        return 1e6 * (time.process_time() - started) / REPEATS

    return min(asyncio.run(trips()) for _ in range(ROUNDS))


def time_all(candidates: Mapping[str, Callable[[Any], Any]], argument: Any, per_call: int = 1) -> dict[str, float]:
    """The best of alternating rounds for each, in microseconds of CPU."""
    best = dict.fromkeys(candidates, float("inf"))
    calls = REPEATS // per_call
    for _ in range(ROUNDS):
        for name, call in candidates.items():
            gc.collect()
            started = time.process_time()
            for _ in range(calls):
                call(argument)
            spent = 1e6 * (time.process_time() - started) / (calls * per_call)
            best[name] = min(best[name], spent)
    return best


def section(title: str, column: str, figures: Mapping[str, float]) -> None:
    print(f"\n## {title}\n", *table([column, "µs"], [[name, f"{us:.2f}"] for name, us in figures.items()]), sep="\n")


def main() -> None:
    """Measure and print."""
    print("# What a chunk costs, piece by piece\n")
    print(f"Best of {ROUNDS} alternating rounds, microseconds of CPU.")
    section(f"Decoding one chunk of {len(DATA)} bytes", "decoder", time_all(decoders(), DATA))
    section(f"Cutting a read of {EVENTS} events, per event", "framing", time_all(framings(), BODY, EVENTS))
    handed = time_all(iterations(), list(range(EVENTS)), EVENTS)
    section("Handing out, per chunk", "iteration", handed | {"one trip through the event loop": suspension_us()})


if __name__ == "__main__":
    main()
