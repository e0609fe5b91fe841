"""What the page on clusters shows runs, on real clusters of this machine."""

from __future__ import annotations

import textwrap
import uuid
from pathlib import Path

import pytest

from aiollm.testing import ProviderServer
from tests import ROOT
from tests.documents.reader import programs
from tests.programs import python
from tests.services.redis import RedisServer

WORKER, *ENGINES = programs(ROOT / "docs" / "cluster.md")
ON_DASK, ON_RAY = ENGINES[:2], ENGINES[2:]
LIMIT = 100.0  # seconds; Dask takes a few, Ray some more
GIVEN = """
places = ["Rome", "Oslo"]
batches = [["What is rain?"], ["What is wind?", "What is snow?"]]
"""
DASK = """
from distributed import LocalCluster

local = LocalCluster(n_workers=1, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=None)
"""
RAY = """
import pyarrow, pyarrow.parquet, ray

pyarrow.parquet.write_table(pyarrow.table({"prompt": ["What is hail?", "What is fog?"]}), "questions.parquet")
if __name__ == "__main__":
    ray.init(
        num_cpus=4,
        include_dashboard=False,
        object_store_memory=120 * 2**20,
        _node_ip_address="127.0.0.1",
        log_to_driver=False,
    )
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * LIMIT)]


def run(shown: list[str], head: str, changes: dict[str, str]) -> list[str]:
    """Run programs in one process, after the worker's, and return the lines that they print."""
    code = "\n".join([WORKER, *shown])
    for said, here in changes.items():
        assert said in code
        code = code.replace(said, here)
    script = Path("program.py")
    script.write_text(f'{GIVEN}{head}\nif __name__ == "__main__":\n{textwrap.indent(code, "    ")}', encoding="utf-8")
    done = python(str(script), limit=LIMIT, RAY_USAGE_STATS_ENABLED="0")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: ProviderServer) -> None:
    monkeypatch.chdir(tmp_path)
    server.reply("Fine.", usage={"prompt_tokens": 9, "completion_tokens": 3})


@pytest.fixture
def redis(redis_server: RedisServer) -> dict[str, str]:
    """The changes that make a program use this machine's Redis, and ask what another one has asked."""
    return {"redis://10.0.0.5:6379/0": redis_server.url, '"weather"': f'"test:{uuid.uuid4()}"'}


def test_the_programs_for_dask_run(redis: dict[str, str], server: ProviderServer) -> None:
    pytest.importorskip("distributed")
    printed = run(ON_DASK, DASK, {**redis, '"tcp://10.0.0.5:8786"': "local.scheduler_address"})
    assert sorted(printed) == sorted(["0 Fine.", "1 Fine.", "['Fine.']", "['Fine.', 'Fine.']"])
    assert len(server.log) == 5


def test_the_programs_for_ray_run(redis: dict[str, str], server: ProviderServer) -> None:
    pytest.importorskip("ray")
    parquet = pytest.importorskip("pyarrow.parquet")
    here = {'ray.init("auto")': "", "concurrency=4": "concurrency=1", "range(4)": "range(2)"}  # processes
    printed = run(ON_RAY, RAY, redis | here)
    assert [line for line in printed if line.startswith("['")] == ["['Fine.']", "['Fine.', 'Fine.']"]
    assert parquet.read_table("answers").column("text").to_pylist() == ["Fine.", "Fine."]
    assert len(server.log) == 5
