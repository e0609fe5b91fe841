"""A process that forks while it has streams open: the parent's go on, and the child starts afresh."""

from __future__ import annotations

import os

import pytest

from tests.programs import STRICT, run

if not hasattr(os, "fork"):
    pytest.skip("needs fork", allow_module_level=True)

# Python 3.12 warns of every fork beside a thread; what becomes of one is what these tests look at.
FORKING = (*STRICT, "-W", "ignore:This process:DeprecationWarning")

SERVING = """
server = ProviderServer()
server.__enter__()
SLOW = [role(), tokens("a b"), stall(1.0), tokens(" c"), finish(), done()]
server.script(lambda request: SLOW if request.member("user") == "parent" else reply("whole"))
options = dict(CALL, api_base=server.base_url, timeout=10)
streaming = dict(options, stream=True, user="parent")

def text(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

def whole():
    return aiollm.completion(**options).choices[0].message.content

async def awhole():
    return (await aiollm.acompletion(**options)).choices[0].message.content

async def astream():
    return text([chunk async for chunk in await aiollm.acompletion(**options, stream=True)])

def child_works():
    gc.collect()
    assert whole() == "whole"
    assert text(aiollm.completion(**options, stream=True)) == "whole"
    assert asyncio.run(awhole()) == "whole"
    assert asyncio.run(astream()) == "whole"
    assert [thread.name for thread in threading.enumerate()].count("aiollm-loop") == 1

def status_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


def test_a_child_of_a_blocking_parent_works_and_the_parents_streams_go_on() -> None:
    program = """
stream, other = [aiollm.completion(**streaming) for _ in range(2)]
whole()
first = [next(stream), next(stream)]
child = os.fork()
if child == 0:
    other.close()
    del other
    child_works()
    sys.exit(7)  # an end in good order: what was inherited is collected
assert status_of(child) == 7
connections = server.connections
print(text([*first, *stream]), text(other), whole(), server.connections - connections)
"""
    assert run(SERVING + program, options=FORKING) == "a b c a b c whole 0"


def test_a_child_of_an_asynchronous_parent_works_and_the_parents_streams_go_on() -> None:
    program = """
async def parent():
    stream, other = [await aiollm.acompletion(**streaming) for _ in range(2)]
    await awhole()
    first = [await anext(stream), await anext(stream)]
    child = os.fork()
    if child == 0:
        del stream, other
        child_works()
        os._exit(7)
    assert await asyncio.to_thread(status_of, child) == 7
    connections = server.connections
    rest = [chunk async for chunk in stream]
    others = [chunk async for chunk in other]
    print(text(first + rest), text(others), await awhole(), server.connections - connections)

asyncio.run(parent())
"""
    assert run(SERVING + program, options=FORKING) == "a b c a b c whole 0"


def test_a_child_of_a_loop_that_stands_still_works_and_the_parents_stream_goes_on() -> None:
    program = """
async def begin():
    await awhole()
    return await aiollm.acompletion(**streaming)

async def rest(stream):
    return text([chunk async for chunk in stream])

loop = asyncio.new_event_loop()
stream = loop.run_until_complete(begin())
child = os.fork()
if child == 0:
    child_works()
    del stream
    sys.exit(7)
assert status_of(child) == 7
connections = server.connections
print(loop.run_until_complete(rest(stream)), loop.run_until_complete(awhole()), server.connections - connections)
loop.run_until_complete(loop.shutdown_asyncgens())
loop.close()
"""
    assert run(SERVING + program, options=FORKING) == "a b c whole 0"


def test_what_belongs_to_the_parent_is_refused_in_the_child() -> None:
    program = """
async def opened():
    await awhole()
    return await aiollm.acompletion(**streaming)

def refused(function, *arguments):
    try:
        function(*arguments)
    except aiollm.WrongLoopError as error:
        return "fork" in str(error) or "another event loop" in str(error)

async def read(stream):
    async for chunk in stream:
        pass

blocking = aiollm.completion(**streaming)
loop = asyncio.new_event_loop()
asynchronous = loop.run_until_complete(opened())
child = os.fork()
if child == 0:
    signal.alarm(20)  # rather than wait for ever
    os._exit(
        not (
            refused(next, blocking)
            and refused(list, blocking)
            and refused(lambda: asyncio.run(read(asynchronous)))
            and refused(lambda: loop.run_until_complete(awhole()))
        )
    )
print(status_of(child))
blocking.close()
loop.run_until_complete(asynchronous.aclose())
loop.run_until_complete(loop.shutdown_asyncgens())
loop.close()
"""
    assert run(SERVING + program, options=FORKING) == "0"


@pytest.mark.parametrize("how", ["blocking", "asynchronous"])
def test_closing_reaches_the_provider_though_a_child_holds_the_connection(how: str) -> None:
    opening = {
        "blocking": """
stream = aiollm.completion(**streaming)
close = stream.close
""",
        "asynchronous": """
loop = asyncio.new_event_loop()
stream = loop.run_until_complete(aiollm.acompletion(**streaming))
def close():
    loop.run_until_complete(stream.aclose())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
""",
    }
    program = """
server.script([role(), tokens("a b"), stall()])
OPENING
child = os.fork()
if child == 0:
    time.sleep(40)
    os._exit(0)
close()
print(server.run(server.wait_for_disconnect(0)).disconnected_by)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
"""
    assert run(SERVING + program.replace("OPENING", opening[how]), options=FORKING) == "client"


def test_a_fork_in_a_thread_works() -> None:
    program = """
stream = aiollm.completion(**streaming)
statuses = []

def fork():
    child = os.fork()
    if child == 0:
        child_works()
        os._exit(7)
    statuses.append(status_of(child))

thread = threading.Thread(target=fork)
thread.start()
thread.join()
print(statuses, text(stream))
"""
    assert run(SERVING + program, options=FORKING) == "[7] a b c"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_the_standard_library_work_beside_a_live_stream(method: str) -> None:
    program = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

context = multiprocessing.get_context(sys.argv[1])
stream = aiollm.completion(**streaming)
process = context.Process(target=aiollm.completion, kwargs=options)
process.start()
process.join()
with ProcessPoolExecutor(2, mp_context=context) as pool:
    answers = [pool.submit(aiollm.completion, **options) for _ in range(4)]
    texts = {answer.result().choices[0].message.content for answer in answers}
print(process.exitcode, texts, text(stream), len(server.log))
"""
    # Without -X dev: a debugging loop complains of any callback that takes 0.1 s, and the workers do not filter that.
    assert run(SERVING + program, method, options=FORKING[2:]) == "0 {'whole'} a b c 6"
