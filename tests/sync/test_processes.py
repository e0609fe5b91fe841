"""Ctrl-C, the end of the interpreter, and forks: each in a process of its own."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.programs import run

# Python 3.12 warns of every fork beside a thread; what becomes of one is what these tests look at.
FORKING = ("-W", "ignore:This process:DeprecationWarning")

ENDLESS = 'server.script([role(), tokens("a b"), stall()])'


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("where", ["reading", "opening", "whole"])
def test_ctrl_c_closes_the_connection(where: str) -> None:
    program = f"""
    where = {where!r}
    with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall()] if where == "reading" else silence())
        sent = []

        def interrupt():
            server.run(server.wait_for(lambda: bool(server.log)))
            time.sleep(0.2)
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        try:
            result = aiollm.completion(**CALL, api_base=server.base_url, stream=where != "whole")
            for chunk in result:
                pass
        except KeyboardInterrupt:
            request = server.run(server.wait_for_disconnect(0))
            print(request.disconnected_by, request.disconnected_at - sent[0] < 1)
        thread.join()
    """
    assert run(program) == "client True"


def test_an_interpreter_that_ends_in_mid_stream_is_silent() -> None:
    program = f"""
    server = ProviderServer()
    server.__enter__()
    {ENDLESS}
    stream = aiollm.completion(**CALL, api_base=server.base_url, stream=True)
    print(next(stream).choices[0].delta.role)
    """
    assert run(program, options=()) == "assistant"


def test_an_interpreter_that_ends_while_a_thread_reads_is_silent() -> None:
    program = f"""
    server = ProviderServer()
    server.__enter__()
    {ENDLESS}

    def read():
        for chunk in aiollm.completion(**CALL, api_base=server.base_url, stream=True):
            reading.set()

    reading = threading.Event()
    threading.Thread(target=read, daemon=True).start()
    reading.wait()
    print("end")
    """
    assert run(program, options=()) == "end"


def test_a_call_at_exit_does_not_hang() -> None:
    program = """
    import atexit
    server = ProviderServer()
    server.__enter__()

    def late():
        try:
            print(aiollm.completion(**CALL, api_base=server.base_url).choices[0].message.content)
        except RuntimeError as error:
            print("refused:", error)

    atexit.register(late)
    aiollm.completion(**CALL, api_base=server.base_url)
    """
    assert run(program, options=()) == "Hello from the scripted provider."


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_calls_on_its_own_and_the_parents_stream_goes_on() -> None:
    program = """
    with ProviderServer() as server:
        slow = [role(), tokens("a b"), stall(1.0), tokens(" c"), finish(), done()]
        server.script(lambda request: slow if request.member("stream") else reply("child"))
        stream = aiollm.completion(**CALL, api_base=server.base_url, stream=True)
        first = [next(stream), next(stream)]
        child = os.fork()
        if child == 0:
            gc.collect()
            response = aiollm.completion(**CALL, api_base=server.base_url, timeout=10)
            os._exit(0 if response.choices[0].message.content == "child" else 1)
        rest = "".join(chunk.choices[0].delta.content or "" for chunk in [*first, *stream])
        print(rest, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run(program, options=FORKING) == "a b c 0"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_closing_reaches_the_provider_though_a_child_holds_the_connection() -> None:
    program = f"""
    with ProviderServer() as server:
        {ENDLESS}
        stream = aiollm.completion(**CALL, api_base=server.base_url, stream=True)
        next(stream)
        child = os.fork()
        if child == 0:
            time.sleep(20)
            os._exit(0)
        stream.close()
        request = server.run(server.wait_for_disconnect(0))
        print(request.disconnected_by)
        os.kill(child, {int(signal.SIGTERM)})
        os.waitpid(child, 0)
    """
    assert run(program, options=FORKING) == "client"
