"""What a script is made of, and the check that it makes sense before any server runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from aiollm.testing.exchange import Exchange
    from aiollm.testing.log import LoggedRequest


class ScriptError(ValueError):
    """A script that cannot be run as it is written: the message names the step and says what to do."""


@frozen(repr=False, eq=False)
class Step:
    """One thing a scripted server does while it answers.

    Steps are made by functions such as `tokens("a b c")` or `rst()`. A step of your own is `Step("name", run)` with an
    `async def run(exchange)` that uses the methods of `Exchange`. It is cancelled at the moment the client leaves.

    The three marks let a script be checked when it is set: `sets_head` (must come before anything is sent), `sends`
    (puts bytes of the answer on the wire) and `ends` (nothing of the answer may follow).
    """

    name: str
    run: Run
    sets_head: bool = False
    sends: bool = False
    ends: bool = False

    def __repr__(self) -> str:
        return self.name


Run: TypeAlias = "Callable[[Exchange], Awaitable[None]]"
Steps: TypeAlias = "Step | Sequence[Step]"
Script: TypeAlias = "Steps | Callable[[LoggedRequest], Steps]"


def require(condition: bool, message: str) -> None:
    """Raise `ScriptError(message)` unless the condition holds."""
    if not condition:
        raise ScriptError(message)


def call_name(function: str, *args: Any, **kwargs: Any) -> str:
    """The call as one would write it, long arguments shortened: the name of a step in messages."""
    words = [_shown(value) for value in args]
    words += [f"{key}={_shown(value)}" for key, value in kwargs.items() if value not in (None, 0)]
    return f"{function}({', '.join(words)})"


def checked_steps(steps: Steps) -> tuple[Step, ...]:
    """The steps as a tuple.

    Raises:
        ScriptError: something in it is not a step, or the order can never work (a status after the first byte,
            bytes after the end).
    """
    listed: tuple[Any, ...] = (steps,) if isinstance(steps, Step) else _listed(steps)
    require(bool(listed), "the script is empty: give at least one step, for example tokens('hello')")
    sent_by: Step | None = None
    ended_by: Step | None = None
    for position, step in enumerate(listed):
        require(isinstance(step, Step), _not_a_step(position, step))
        acts = step.sets_head or step.sends or step.ends
        require(not (acts and ended_by), f"step {position}, {step!r}, can never run: {ended_by!r} ended the answer")
        late = step.sets_head and sent_by is not None
        require(not late, f"step {position}, {step!r}, comes too late: {sent_by!r} already sent the head; move it up")
        sent_by = step if step.sends else sent_by
        ended_by = step if step.ends else ended_by
    return listed


def nested(function: str, steps: Sequence[Step], run: Run, *args: Any, sets_head: bool = False) -> Step:
    """A step around other steps, with the marks of what is inside it."""
    inner = checked_steps(steps)
    return Step(
        call_name(function, *args, *inner),
        run,
        sets_head=sets_head or any(step.sets_head for step in inner),
        sends=any(step.sends for step in inner),
        ends=any(step.ends for step in inner),
    )


def _listed(steps: Any) -> tuple[Any, ...]:
    require(_is_list(steps), f"a script is a list of steps, not {_shown(steps)}: write [tokens('hello')] for a text")
    return tuple(steps)


def _is_list(steps: object) -> bool:
    return isinstance(steps, Sequence) and not isinstance(steps, str | bytes)


def _not_a_step(position: int, found: Any) -> str:
    name = getattr(found, "__name__", None)
    if callable(found) and name:
        hint = f"call it: {name}(...)"
    elif isinstance(found, str):
        hint = "write tokens(...) for a text, event(...) for an event of your own"
    elif isinstance(found, bytes | bytearray):
        hint = "write raw(...) for bytes"
    else:
        hint = "use the functions of aiollm.testing, such as tokens(...)"
    return f"step {position} is not a step but {_shown(found)}; {hint}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]}...{text[-1]}"
