import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from aiollm.exceptions import NotFoundError
from aiollm.local.parts import find_package
from aiollm.local.weights import find_weights
from aiollm.testing import (
    ProviderServer,
    bad_json,
    cut,
    delta,
    done,
    finish,
    reasoning,
    reply,
    role,
    silence,
    stall,
    status,
    tokens,
)
from tests.cli.conftest import COMMAND, DEADLINE, Output, Run, Terminal, asking, run
from tests.programs import python

Start = Callable[..., subprocess.Popen[bytes]]
OpenTerminal = Callable[..., Terminal]

ACCOUNT = re.compile(r"first token \d+\.\d+ s(, \d+\.\d (tokens|chunks)/s)?(, \d+ prompt \+ \d+ answer tokens)?\n")


# -- one question


def test_the_answer_is_on_stdout_and_the_account_on_stderr(server: ProviderServer) -> None:
    server.script(reply("Hello there, you.", usage={"prompt_tokens": 25, "completion_tokens": 64, "total_tokens": 89}))
    result = run(*asking(server, "Hi"))
    assert (result.returncode, result.stdout) == (0, "Hello there, you.\n")
    assert ACCOUNT.fullmatch(result.stderr)
    assert result.stderr.endswith(", 25 prompt + 64 answer tokens\n")


def test_a_server_that_counts_nothing_gets_a_rate_in_chunks(server: ProviderServer, run_here: Run) -> None:
    server.script([role(), tokens("one two three", gap=0.03), finish(), done()])
    result = run_here(*asking(server, "Hi"))
    assert result.stdout == "one two three\n"
    assert re.fullmatch(r"first token \d+\.\d+ s, \d+\.\d chunks/s\n", result.stderr)


def test_a_new_line_at_the_end_of_the_answer_is_not_doubled(server: ProviderServer, run_here: Run) -> None:
    server.reply("done\n")
    assert run_here(*asking(server, "Hi")).stdout == "done\n"


def test_tokens_are_printed_while_the_answer_still_comes(server: ProviderServer, start: Start) -> None:
    server.script([role(), tokens("the first words"), stall()])
    process = start(*asking(server, "Hi"))
    assert Output(process.stdout.fileno()).until("words") == "the first words"
    assert process.poll() is None


def test_all_options_reach_the_provider(server: ProviderServer, run_here: Run) -> None:
    result = run_here(*asking(server, "--system", "Be brief.", "--max-tokens", "7", "--temperature", "0.5", "Hi"))
    assert result.returncode == 0
    body = server.log[0].json
    assert body["model"] == "scripted"
    assert (body["max_tokens"], body["temperature"]) == (7, 0.5)
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert body["stream_options"] == {"include_usage": True}


def test_what_was_not_given_is_not_sent(server: ProviderServer, run_here: Run) -> None:
    run_here(*asking(server, "Hi"))
    assert server.log[0].json.keys() == {"model", "messages", "stream", "stream_options"}


def test_the_prompt_comes_from_stdin_when_that_is_no_terminal(server: ProviderServer) -> None:
    assert run(*asking(server), stdin="\ufeffgrüße\nzwei\n".encode()).returncode == 0
    assert server.log[0].json["messages"] == [{"role": "user", "content": "grüße\nzwei"}]


def test_stdin_is_left_alone_when_the_prompt_is_an_argument(server: ProviderServer, start: Start) -> None:
    process = start(*asking(server, "Hi"))  # whose stdin never ends
    assert Output(process.stdout.fileno()).rest() == "Hello from the scripted provider.\n"


@pytest.mark.parametrize(("arguments", "stdin"), [((), b""), ((), b" \n"), (("",), b"unread")])
def test_an_empty_prompt_is_wrong_usage(arguments: tuple[str, ...], stdin: bytes, run_here: Run) -> None:
    result = run_here("chat", *arguments, stdin=stdin)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("aiollm: the prompt is empty: ")


def test_stdin_that_is_no_text_is_wrong_usage(run_here: Run) -> None:
    result = run_here("chat", stdin=b"abc\xff")
    assert result.returncode == 2
    assert result.stderr == "aiollm: the prompt on stdin is not UTF-8 text: byte 3 cannot be read\n"


def test_a_pipe_gets_the_answer_without_the_reasoning_and_byte_for_byte(server: ProviderServer) -> None:
    server.script([role(), reasoning("Let me think."), tokens("a\x1b[1mb"), finish(), done()])
    assert run(*asking(server, "Hi")).stdout == "a\x1b[1mb\n"


def test_a_refusal_is_the_answer(server: ProviderServer, run_here: Run) -> None:
    server.script(reply(None, refusal="I cannot do that."))
    assert run_here(*asking(server, "Hi")).stdout == "I cannot do that.\n"


def test_an_answer_without_text_is_told(server: ProviderServer, run_here: Run) -> None:
    server.script([delta({"role": "assistant"}), finish(), done()])
    result = run_here(*asking(server, "Hi"))
    assert (result.returncode, result.stdout) == (0, "")
    assert "no text in the answer" in result.stderr


def test_an_answer_at_the_token_limit_is_told(server: ProviderServer, run_here: Run) -> None:
    server.reply("as far as", finish_reason="length")
    assert run_here(*asking(server, "Hi")).stderr.endswith(", cut at the token limit\n")


# -- errors


def only_line(result: subprocess.CompletedProcess[str]) -> str:
    """Return the one line on stderr of a command that failed."""
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("aiollm: ")
    return line


def test_a_wrong_key_is_the_providers_message(server: ProviderServer) -> None:
    server.script(status(401, body={"error": {"message": "Incorrect API key", "type": "invalid_request_error"}}))
    result = run("chat", "-m", "openai/x", "Hi", OPENAI_API_KEY="sk-canary", OPENAI_BASE_URL=server.base_url)
    assert only_line(result).startswith("aiollm: openai answered 401: Incorrect API key (check the key")
    assert "canary" not in result.stdout + result.stderr


def test_a_missing_key_names_the_variable_before_anything_is_sent(server: ProviderServer, run_here: Run) -> None:
    line = only_line(run_here("chat", "-m", "openai/x", "--api-base", server.base_url, "Hi"))
    assert line == (
        "aiollm: openai/x needs OPENAI_API_KEY in the environment, which is not set "
        "(for a server that asks for no key, any word will do)"
    )
    assert not server.log


def test_several_missing_variables_are_all_named(run_here: Run) -> None:
    line = only_line(run_here("chat", "-m", "cloudflare/x", "Hi"))
    assert "CLOUDFLARE_API_KEY and CLOUDFLARE_ACCOUNT_ID in the environment, which are not set" in line


def test_an_unknown_provider_lists_near_names(run_here: Run) -> None:
    assert "did you mean groq" in only_line(run_here("chat", "-m", "grok/x", "Hi"))


def test_a_model_the_server_does_not_have_is_its_message(server: ProviderServer, run_here: Run) -> None:
    server.script(status(404, body={"error": {"message": "The model 'scripted'\ndoes not exist"}}))
    assert only_line(run_here(*asking(server, "Hi"))).endswith(
        "404: The model 'scripted' does not exist (check the model's name, and api_base)"
    )


def test_a_server_that_is_down_is_told_with_its_place(server: ProviderServer, run_here: Run) -> None:
    server.on_connect("rst")
    place = f"127.0.0.1:{server.port}"
    assert place in only_line(run_here(*asking(server, "Hi")))
    line = only_line(run_here("chat", "-m", "hosted_vllm/x", "--api-base", "http://127.0.0.1:1/v1", "Hi"))
    assert line.startswith("aiollm: cannot connect to 127.0.0.1:1: ")
    assert line.endswith("(is the server running?)")


@pytest.mark.parametrize("ending", [cut(), bad_json()], ids=["cut", "bad json"])
def test_an_answer_cut_short_prints_what_came_and_then_the_error(
    server: ProviderServer, run_here: Run, ending: object
) -> None:
    server.script([role(), tokens("half an answer"), ending])
    result = run_here(*asking(server, "Hi"))
    assert result.stdout == "half an answer\n"
    only_line(result)


# -- leaving


def test_ctrl_c_closes_the_upstream_and_ends_with_130(server: ProviderServer, start: Start) -> None:
    server.script([role(), tokens("as far as this"), stall()])
    process = start(*asking(server, "Hi"))
    Output(process.stdout.fileno()).until("this")
    process.send_signal(signal.SIGINT)
    request = server.run(server.wait_for_disconnect(0))
    assert (request.disconnected_by, request.finished_at) == ("client", None)
    assert process.wait(DEADLINE) == 130
    assert Output(process.stdout.fileno()).rest() == "\n"
    assert Output(process.stderr.fileno()).rest() == ""


def test_an_impatient_ctrl_c_prints_no_traceback(server: ProviderServer, start: Start) -> None:
    server.script([role(), tokens("as far as this"), stall()])
    process = start(*asking(server, "Hi"))
    Output(process.stdout.fileno()).until("this")
    process.send_signal(signal.SIGINT)
    server.run(server.wait_for_disconnect(0))
    while process.poll() is None:
        time.sleep(0.02)  # quicker than a hand is
        process.send_signal(signal.SIGINT)
    assert process.returncode in (130, -signal.SIGINT)  # it had ended by itself, or the second signal ended it
    assert Output(process.stderr.fileno()).rest() == ""


def test_ctrl_c_before_the_first_token_closes_the_upstream_too(server: ProviderServer, start: Start) -> None:
    server.script(silence())
    process = start(*asking(server, "Hi"))
    server.run(server.wait_for_request(0, DEADLINE))
    process.send_signal(signal.SIGINT)
    assert server.run(server.wait_for_disconnect(0)).disconnected_by == "client"
    assert process.wait(DEADLINE) == 130
    assert Output(process.stdout.fileno()).rest() == ""
    assert Output(process.stderr.fileno()).rest() == ""


def test_a_reader_that_leaves_ends_the_command_quietly_and_the_upstream_with_it(
    server: ProviderServer, start: Start
) -> None:
    server.script([role(), tokens("word " * 2000, gap=0.005), finish(), done()])
    process = start(*asking(server, "Hi"))
    head = subprocess.run(["head", "-c", "5"], stdin=process.stdout, capture_output=True, check=True)
    process.stdout.close()
    assert head.stdout == b"word "
    assert server.run(server.wait_for_disconnect(0)).disconnected_by == "client"
    assert process.wait(DEADLINE) == 141
    assert Output(process.stderr.fileno()).rest() == ""


# -- on a terminal


def test_a_conversation_keeps_its_history_and_ends_with_ctrl_d(
    server: ProviderServer, open_terminal: OpenTerminal
) -> None:
    server.script(lambda request: reply(f"answer {request.index}"))
    terminal = open_terminal(*asking(server, "--system", "Be brief."))
    assert "Ctrl-D ends" in terminal.output.until("> ")
    terminal.type("first\n")
    terminal.output.until("answer 0")
    terminal.output.until("> ")
    terminal.type("\n")  # which asks nothing
    terminal.output.until("> ")
    terminal.type("second\n")
    terminal.output.until("answer 1")
    terminal.output.until("> ")
    terminal.type("\x04")
    assert terminal.wait() == 0
    assert [(message["role"], message["content"]) for message in server.log[1].json["messages"]] == [
        ("system", "Be brief."),
        ("user", "first"),
        ("assistant", "answer 0"),
        ("user", "second"),
    ]


def test_ctrl_c_stops_an_answer_but_not_the_conversation(server: ProviderServer, open_terminal: OpenTerminal) -> None:
    server.enqueue([role(), tokens("as far as this"), stall()])
    terminal = open_terminal(*asking(server))
    terminal.output.until("> ")
    terminal.type("first\n")
    terminal.output.until("this")
    terminal.type("\x03")
    assert server.run(server.wait_for_disconnect(0)).disconnected_by == "client"
    terminal.output.until("stopped")
    terminal.output.until("> ")
    assert terminal.process.poll() is None
    terminal.type("second\n")
    terminal.output.until("Hello from the scripted provider.")
    terminal.output.until("> ")
    assert terminal.interrupt_at_prompt() == 130
    assert [message["content"] for message in server.log[1].json["messages"]] == ["first", "as far as this", "second"]


def test_an_error_leaves_the_conversation_as_it_was(server: ProviderServer, open_terminal: OpenTerminal) -> None:
    server.enqueue(*[status(429, retry_after=0.01, body={"error": {"message": "Slow down"}})] * 3)
    terminal = open_terminal(*asking(server))
    terminal.output.until("> ")
    terminal.type("first\n")
    terminal.output.until("aiollm: hosted_vllm answered 429: Slow down")
    terminal.output.until("> ")
    terminal.type("second\n")
    terminal.output.until("Hello from the scripted provider.")
    assert server.log[3].json["messages"] == [{"role": "user", "content": "second"}]


def test_reasoning_is_dimmed_and_control_characters_are_not_obeyed(
    server: ProviderServer, open_terminal: OpenTerminal
) -> None:
    server.script([role(), reasoning("Let me think."), tokens("It is \x1b]0;x\x07so."), finish(), done()])
    terminal = open_terminal(*asking(server, "Hi"))
    shown = terminal.output.until("so.")
    assert shown == "\x1b[2mLet me think.\x1b[0m\r\n\r\nIt is \ufffd]0;x\ufffdso."


def test_reasoning_that_is_interrupted_leaves_the_terminal_undimmed(
    server: ProviderServer, open_terminal: OpenTerminal
) -> None:
    server.script([role(), reasoning("Let me think."), stall()])
    terminal = open_terminal(*asking(server, "Hi"))
    terminal.output.until("think.")
    terminal.type("\x03")
    assert "\x1b[0m\r\n" in terminal.output.rest()
    assert terminal.wait() == 130


def test_a_conversation_written_to_a_file_has_the_answers_only(
    server: ProviderServer, open_terminal: OpenTerminal
) -> None:
    server.reply("for the file")
    terminal = open_terminal(*asking(server), stdout=subprocess.PIPE)
    terminal.output.until("> ")
    terminal.type("first\n")
    assert Output(terminal.process.stdout.fileno()).until("\n") == "for the file\n"
    terminal.output.until("> ")
    terminal.type("\x04")
    assert terminal.wait() == 0
    assert Output(terminal.process.stdout.fileno()).rest() == ""


def test_a_missing_key_is_told_before_anybody_types(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal("chat", "-m", "openai/x")
    shown = terminal.output.rest()
    assert shown.startswith("aiollm: openai/x needs OPENAI_API_KEY in the environment")
    assert terminal.wait() == 1


# -- the model built in


@pytest.mark.slow
def test_the_default_model_answers_without_key_or_account() -> None:
    try:
        find_weights("smollm2")
        find_package("xllamacpp")
    except NotFoundError as missing:
        pytest.skip(str(missing))
    result = python(*COMMAND, "chat", "--max-tokens", "12", "--temperature", "0", "Say hello.")
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.split()) > 1
    assert re.search(r"first token \d+\.\d+ s, \d+\.\d tokens/s, \d+ prompt \+ \d+ answer tokens", result.stderr)
