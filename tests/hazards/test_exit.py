"""The interpreter ends in the middle of something, with every warning an error: not a word on the terminal."""

from __future__ import annotations

import pytest

from tests.programs import run

SERVING = """
server = ProviderServer()
server.__enter__()
server.script([role(), tokens("a b"), stall()])
options = dict(CALL, api_base=server.base_url)

def in_background(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()

def waiting(**more):
    server.script(silence())
    before = len(server.log)
    in_background(lambda: aiollm.completion(**options, **more))
    server.run(server.wait_for_request(before))

async def opened():
    stream = await aiollm.acompletion(**options, stream=True)
    await anext(stream)
    return stream
"""

UNFINISHED = {
    "a blocking stream is open": """
stream = aiollm.completion(**options, stream=True)
next(stream)
print("end")
""",
    "a name was looked up, in a thread of the loop's": """
server.reply("x")
aiollm.completion(**CALL, api_base=server.base_url.replace("127.0.0.1", "localhost"))
print("end")
""",
    "a run ended with a stream open": """
of_a_run = asyncio.run(opened())
print("end")
""",
    "a stream is open on a loop that is never closed": """
loop = asyncio.new_event_loop()
of_an_open_loop = loop.run_until_complete(opened())
print("end")
""",
    "an asynchronous generator over a stream is open": """
async def texts():
    async for chunk in await aiollm.acompletion(**options, stream=True):
        yield chunk

async def first():
    global generator
    generator = texts()
    await anext(generator)

asyncio.run(first())
print("end")
""",
    "a thread reads a blocking stream": """
reading = threading.Event()

def read():
    for chunk in aiollm.completion(**options, stream=True):
        reading.set()

in_background(read)
reading.wait()
print("end")
""",
    "a thread reads on a loop of its own": """
reading = threading.Event()

async def read():
    async for chunk in await opened():
        reading.set()

in_background(asyncio.run, read())
reading.wait()
print("end")
""",
    "a thread waits for the first content": """
waiting(stream=True)
print("end")
""",
    "a thread waits for a whole answer": """
waiting()
print("end")
""",
}

OTHERS = {
    "an atexit function calls in mid-stream": """
import atexit

def late():
    server.script(reply("end"))
    print(aiollm.completion(**options).choices[0].message.content)

atexit.register(late)
stream = aiollm.completion(**options, stream=True)
next(stream)
""",
    "a thread that is waited for reads to the end": """
server.script([role(), tokens("a b", gap=0.1), finish(), done()])

def read():
    stream = aiollm.completion(**options, stream=True)
    if "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "a b":
        print("end")

threading.Thread(target=read).start()
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("situation", [*UNFINISHED, *OTHERS])
def test_the_interpreter_ends_without_a_word_though(situation: str) -> None:
    assert run(SERVING + (UNFINISHED | OTHERS)[situation]) == "end"


def test_the_interpreter_ends_without_a_word_though_all_of_it_is_so_at_once() -> None:
    assert run(SERVING + "".join(UNFINISHED.values())).split() == ["end"] * len(UNFINISHED)


SYS_EXITS = {
    "in a loop over a blocking stream": """
for chunk in aiollm.completion(**options, stream=True):
    sys.exit(3)
""",
    "in a loop over an asynchronous stream": """
async def main():
    async for chunk in await opened():
        sys.exit(3)

asyncio.run(main())
""",
    "while a task waits for the first content": """
server.script(silence())

async def main():
    asyncio.create_task(aiollm.acompletion(**options, stream=True))
    while not server.log:
        await asyncio.sleep(0.01)
    sys.exit(3)

asyncio.run(main())
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("where", SYS_EXITS)
def test_sys_exit_ends_the_interpreter_without_a_word(where: str) -> None:
    run(SERVING + SYS_EXITS[where], code=3)
