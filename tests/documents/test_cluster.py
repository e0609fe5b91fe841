"""What the page on clusters shows runs on a real cluster of this machine, where the engine is installed."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from aiollm.testing import ProviderServer
from tests import ROOT
from tests.documents.reader import programs
from tests.programs import python
from tests.services.redis import RedisServer

WORKER, *ENGINES = programs(ROOT / "docs" / "cluster.md")
ON_DASK, ON_RAY = ENGINES[:2], ENGINES[2:]
LIMIT = 300.0  # seconds; nearly all is the start of the engine, and of Ray's on a busy machine two minutes
SCHEDULER = '"tcp://10.0.0.5:8786"'
DASK = """
from distributed import LocalCluster

places = ["Rome", "Oslo"]
batches = [["What is rain?"], ["What is wind?", "What is snow?"]]
local = LocalCluster(n_workers=1, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=None)
"""
RAY = """
import pyarrow
import pyarrow.parquet
import ray

batches = [["What is rain?"], ["What is wind?", "What is snow?"]]
pyarrow.parquet.write_table(pyarrow.table({"prompt": ["What is hail?", "What is fog?"]}), "questions.parquet")
ray.init(num_cpus=3, include_dashboard=False, object_store_memory=80 * 2**20, _node_ip_address="127.0.0.1")
"""


def run(page: list[str], head: str, redis: RedisServer, changes: dict[str, str], tail: str = "") -> str:
    """Run programs of the page in one process, after the worker's, and return what they print."""
    code = "\n".join([WORKER, *page])
    for said, here in {"redis://10.0.0.5:6379/0": redis.url, **changes}.items():
        assert said in code
        code = code.replace(said, here)
    program = f'{head}\nif __name__ == "__main__":\n{textwrap.indent(code + tail, "    ")}'
    script = Path("program.py")
    script.write_text(program, encoding="utf-8")
    done = python(str(script), limit=LIMIT, RAY_USAGE_STATS_ENABLED="0", RAY_raylet_start_wait_time_s=f"{LIMIT:.0f}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: ProviderServer) -> None:
    monkeypatch.chdir(tmp_path)
    server.reply("Fine.", usage={"prompt_tokens": 9, "completion_tokens": 3})


@pytest.mark.slow
@pytest.mark.timeout(2 * LIMIT)
def test_the_programs_for_dask_run(redis_server: RedisServer, server: ProviderServer) -> None:
    pytest.importorskip("distributed")
    printed = run(ON_DASK, DASK, redis_server, {SCHEDULER: "local.scheduler_address"})
    assert sorted(printed.splitlines()) == sorted(["0 Fine.", "1 Fine.", "['Fine.']", "['Fine.', 'Fine.']"])
    assert len(server.log) == 5


@pytest.mark.slow
@pytest.mark.timeout(2 * LIMIT)
def test_the_programs_for_ray_run(redis_server: RedisServer, server: ProviderServer) -> None:
    pytest.importorskip("ray")
    read = '\nprint(ray.data.read_parquet("answers").to_pandas()[["prompt", "text"]].to_dict("list"))'
    printed = run(
        ON_RAY,
        RAY,
        redis_server,
        {'ray.init("auto")': "", "range(4)": "range(2)", "concurrency=4": "concurrency=1"},
        read,
    )
    lines = printed.splitlines()
    assert "['Fine.']" in lines
    assert "['Fine.', 'Fine.']" in lines
    assert lines[-1].endswith("'text': ['Fine.', 'Fine.']}")
    assert len(server.log) == 5
