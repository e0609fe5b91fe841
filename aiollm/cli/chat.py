"""`aiollm chat`: one question, or a conversation, on the terminal."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import suppress
from typing import Any

from attrs import define, field

from aiollm.cli.answer import Answer
from aiollm.cli.asked import check_settings, request_arguments
from aiollm.cli.exit_codes import INTERRUPTED
from aiollm.cli.terminal import Misuse, complain, is_terminal, say
from aiollm.exceptions import APIError
from aiollm.sync.facade import completion

__all__ = ["chat"]

_PROMPT = "> "


@define
class _Conversation:
    """What was said so far, and to whom."""

    model: str
    options: dict[str, Any]
    messages: list[dict[str, str]] = field(factory=list[dict[str, str]])

    def ask(self, prompt: str) -> None:
        """Print the answer to a prompt, and its account."""
        self.messages.append({"role": "user", "content": prompt})
        answer = Answer()
        try:
            with completion(
                self.model,
                self.messages,
                stream=True,
                stream_options={"include_usage": True},
                **self.options,
            ) as stream:
                account = answer.print(stream)
        finally:
            # What was read is part of the conversation, cut short or not; a question nobody answered is not.
            if answer.text:
                self.messages.append({"role": "assistant", "content": answer.text})
            else:
                self.messages.pop()
        say(str(account))


def chat(options: Namespace) -> int:
    """Run the command, and return its exit code.

    Raises:
        Misuse: there is no prompt.
        APIError: the call failed; in a conversation it is told, and the conversation goes on.
    """
    interactive = options.prompt is None and is_terminal(sys.stdin)
    prompt = "" if interactive else _prompt(options.prompt)
    check_settings(options.model, options.api_base)
    conversation = _Conversation(options.model, request_arguments(options))
    if options.system:
        conversation.messages.append({"role": "system", "content": options.system})
    if interactive:
        return _converse(conversation, debug=options.debug)
    conversation.ask(prompt)
    return 0


def _prompt(given: str | None) -> str:
    """Return the prompt of the command line, or all of stdin."""
    prompt = _piped() if given is None else given
    if not prompt.strip():
        raise Misuse("the prompt is empty: give it as an argument, or on stdin, as in `echo hi | aiollm chat`")
    return prompt


def _piped() -> str:
    if sys.stdin is None:
        return ""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Misuse(f"the prompt on stdin is not UTF-8 text: byte {error.start} cannot be read") from None


def _converse(conversation: _Conversation, *, debug: bool) -> int:
    _edit_lines()
    say(f"{conversation.model}: Ctrl-C stops an answer, Ctrl-D ends")
    while True:
        try:
            prompt = _read_line()
        except (EOFError, KeyboardInterrupt) as end:
            print(file=sys.stderr)
            return 0 if isinstance(end, EOFError) else INTERRUPTED
        if not prompt.strip():
            continue
        try:
            conversation.ask(prompt)
        except KeyboardInterrupt:
            say("stopped")
        except APIError as error:
            complain(error, debug=debug)


def _edit_lines() -> None:
    """Let `input` edit its line and go back to earlier ones, where Python was built for that."""
    with suppress(ImportError):
        import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]  # importing it is all


def _read_line() -> str:
    # Into a file or pipe go the answers only; editing needs the prompt to come from `input` itself.
    if is_terminal(sys.stdout):
        return input(_PROMPT)
    print(_PROMPT, end="", file=sys.stderr, flush=True)
    return input()
