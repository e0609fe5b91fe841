"""Results that outlive their job, in a file of either kind."""

# ruff: noqa: ASYNC240  # the files are small

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aiollm import JSONLResults, Result, SQLiteResults, StoreError
from aiollm.jobs.store import store_at
from aiollm.testing import ProviderServer, reply, rst, stall, status
from tests.jobs.asking import USAGE, job, prompts, results


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("Fine.", usage=USAGE)
        yield server


@pytest.fixture(params=["answers.jsonl", "answers.sqlite"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def test_the_ending_of_a_path_says_the_kind(tmp_path: Path) -> None:
    assert isinstance(store_at(str(tmp_path / "a.jsonl")), JSONLResults)
    assert isinstance(store_at(tmp_path / "a.db"), SQLiteResults)


async def test_what_was_answered_is_not_asked_again(server: ProviderServer, path: Path) -> None:
    first = await results(job(server, ["a", "b"], store=path, ordered=True))
    running = job(server, ["b", "c", "a"], store=path, ordered=True)
    second = await results(running)
    assert sorted(prompts(server)) == ["a", "b", "c"]
    assert [result.from_store for result in second] == [True, False, True]
    assert (running.summary().from_store, running.summary().done) == (2, 1)
    assert facts(second[2]) == facts(first[0])
    assert [result.index for result in second] == [0, 1, 2]


def facts(result: Result) -> tuple[object, ...]:
    """What a result is to have still when it comes from a store."""
    assert result.response is not None
    attempts = [(attempt.number, attempt.cause, attempt.model, attempt.ended) for attempt in result.attempts]
    return result.key, result.response.model_dump(), result.usage, result.cost, result.elapsed, attempts


async def test_what_failed_is_asked_again(server: ProviderServer, path: Path) -> None:
    server.enqueue(status(400))
    assert [result.ok for result in await results(job(server, ["a"], store=path))] == [False]
    again = await results(job(server, ["a"], store=path))
    assert [(result.ok, result.from_store) for result in again] == [(True, False)]
    assert [result.from_store for result in await results(job(server, ["a"], store=path))] == [True]


async def test_requests_that_are_the_same_are_asked_once(server: ProviderServer, path: Path) -> None:
    answered = await results(job(server, ["a"] * 20, store=path))
    assert prompts(server) == ["a"]
    assert sum(result.from_store for result in answered) == 19


async def test_another_key_of_the_provider_or_clock_asks_the_same(server: ProviderServer, path: Path) -> None:
    await results(job(server, ["a"], store=path, api_key="sk-one", timeout=5))
    await results(job(server, ["a"], store=path, api_key="sk-two", timeout=7))
    assert prompts(server) == ["a"]
    await results(job(server, ["a"], store=path, temperature=1))
    assert prompts(server) == ["a", "a"]


async def test_the_users_keys_say_what_is_the_same(server: ProviderServer, path: Path) -> None:
    twice = [{"prompt": "a", "custom_id": "1"}, {"prompt": "a", "custom_id": "2"}, {"prompt": "b", "custom_id": "1"}]
    answered = await results(job(server, twice, store=path, ordered=True, concurrency=1))
    assert prompts(server) == ["a", "a"]
    assert [result.key for result in answered] == ["1", "2", "1"]
    await results(job(server, ["x1", "x2"], store=path, key=lambda prompt: prompt[1]))
    assert prompts(server) == ["a", "a"]


async def test_what_was_cut_off_is_asked_by_the_next_run(server: ProviderServer, path: Path) -> None:
    server.enqueue(reply("a"), stall(30))
    async for result in job(server, ["a", "b"], store=path, concurrency=1):
        await server.wait_for(lambda: len(server.log) == 2)
        assert result.index == 0
        break
    await server.wait_for_disconnect(1)
    second = job(server, ["a", "b"], store=path, concurrency=1)
    assert [result.from_store for result in await results(second)] == [True, False]


async def test_a_file_that_is_none_of_ours_is_left_as_it_is(server: ProviderServer, path: Path) -> None:
    path.write_text('{"prompt": "a"}\n' * 100)
    with pytest.raises(StoreError, match=r"no result|no SQLite file"):
        await results(job(server, ["a"], store=path))
    assert path.read_text() == '{"prompt": "a"}\n' * 100
    assert server.log == []


async def test_a_folder_that_is_not_there_is_named(server: ProviderServer, path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        await results(job(server, ["a"], store=path.parent / "nowhere" / path.name))


# -- lines of JSON


@pytest.fixture
async def lines(server: ProviderServer, tmp_path: Path) -> Path:
    path = tmp_path / "lines.jsonl"
    await results(job(server, ["a", "b"], store=path, ordered=True))
    return path


async def test_a_line_is_one_of_a_batch_files_output(lines: Path) -> None:
    first, second = map(json.loads, lines.read_text().splitlines())
    assert first.keys() == {"id", "custom_id", "response", "error", "run"}
    assert (first["response"]["status_code"], first["error"]) == (200, None)
    assert first["response"]["body"]["choices"][0]["message"]["content"] == "Fine."
    assert first["custom_id"] != second["custom_id"]


async def test_an_error_has_its_line_until_it_is_asked_again(server: ProviderServer, tmp_path: Path) -> None:
    server.enqueue(status(400))
    path = tmp_path / "lines.jsonl"
    await results(job(server, ["a"], store=path))
    (line,) = map(json.loads, path.read_text().splitlines())
    assert (line["response"]["status_code"], line["error"], line["run"]["error"]) == (400, None, "BadRequestError")
    assert line["response"]["body"]["error"].keys() == {"message", "type", "param", "code"}
    await results(job(server, ["a"], store=path))
    (line,) = map(json.loads, path.read_text().splitlines())
    assert (line["response"]["status_code"], line["run"]["error"]) == (200, None)


async def test_what_the_batch_api_has_answered_is_not_asked_again(server: ProviderServer, lines: Path) -> None:
    first, _ = map(json.loads, lines.read_text().splitlines())
    del first["run"]
    lines.write_text(json.dumps(first) + "\n")
    again = await results(job(server, ["a", "b"], store=lines, ordered=True))
    assert [(result.from_store, result.text) for result in again] == [(True, "Fine."), (False, "Fine.")]
    assert again[0].usage is not None
    assert (again[0].usage.prompt_tokens, again[0].cost, again[0].attempts) == (100, None, ())


async def test_an_error_without_a_reply_has_a_code_and_a_message(server: ProviderServer, tmp_path: Path) -> None:
    server.enqueue(rst())
    path = tmp_path / "lines.jsonl"
    (failed,) = await results(job(server, ["a"], store=path))
    (line,) = map(json.loads, path.read_text().splitlines())
    assert (line["response"], line["error"].keys()) == (None, {"code", "message"})
    assert line["error"] == {"code": type(failed.error).__name__, "message": str(failed.error)}


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
async def test_a_half_written_line_is_dropped_and_asked_again(server: ProviderServer, lines: Path, kept: float) -> None:
    first, second = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(first + second[: int(kept * len(second))])
    again = await results(job(server, ["a", "b"], store=lines, ordered=True))
    assert [result.from_store for result in again] == [True, False]
    assert [json.loads(line)["error"] for line in lines.read_text().splitlines()] == [None, None]


async def test_a_line_that_lacks_only_its_end_is_kept(server: ProviderServer, lines: Path) -> None:
    lines.write_bytes(lines.read_bytes()[:-1])
    again = await results(job(server, ["a", "b", "c"], store=lines, ordered=True))
    assert [result.from_store for result in again] == [True, True, False]
    assert len(lines.read_bytes().splitlines()) == 3


async def test_a_damaged_line_in_the_middle_is_named(server: ProviderServer, lines: Path) -> None:
    damaged = lines.read_bytes()[40:]
    lines.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"line 1 of .* is no result"):
        await results(job(server, ["a", "b"], store=lines))
    assert lines.read_bytes() == damaged


async def test_two_runs_do_not_write_to_one_file(server: ProviderServer, lines: Path) -> None:
    pytest.importorskip("fcntl")
    first = job(server, map(str, range(100)), store=lines, concurrency=1)
    await anext(first)
    with pytest.raises(StoreError, match="another run writes to"):
        await results(job(server, ["a"], store=lines))
    await first.aclose()
    await results(job(server, ["a"], store=lines))


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file grows beyond 3 kB; Python turns the signal of that into an error."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_ends_the_job_and_leaves_whole_lines(
    server: ProviderServer, tmp_path: Path, full_disk: None
) -> None:
    path = tmp_path / "full.jsonl"
    running = job(server, map(str, range(100)), store=path, concurrency=2)
    with pytest.raises(StoreError, match="a result cannot be written"):
        await results(running)
    assert len(server.log) <= 7
    kept = path.read_bytes().splitlines(keepends=True)
    assert len(kept) == running.summary().done > 0
    assert all(line.endswith(b"}\n") for line in kept)
