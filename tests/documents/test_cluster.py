"""What the page on clusters shows for Dask runs on a real cluster of this machine.

Ray starts too slowly for that; its jobs are tested in `tests/jobs/test_ray.py`, where it is installed.
"""

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
ON_DASK = ENGINES[:2]
LIMIT = 100.0  # seconds; it takes a few
SCHEDULER = '"tcp://10.0.0.5:8786"'
HEAD = """
from distributed import LocalCluster

places = ["Rome", "Oslo"]
batches = [["What is rain?"], ["What is wind?", "What is snow?"]]
local = LocalCluster(n_workers=1, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=None)
"""


def run(redis: RedisServer) -> str:
    """Run the programs for Dask in one process, after the worker's, and return what they print."""
    code = "\n".join([WORKER, *ON_DASK])
    for said, here in {"redis://10.0.0.5:6379/0": redis.url, SCHEDULER: "local.scheduler_address"}.items():
        assert said in code
        code = code.replace(said, here)
    script = Path("program.py")
    script.write_text(f'{HEAD}\nif __name__ == "__main__":\n{textwrap.indent(code, "    ")}', encoding="utf-8")
    done = python(str(script), limit=LIMIT)
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
    printed = run(redis_server)
    assert sorted(printed.splitlines()) == sorted(["0 Fine.", "1 Fine.", "['Fine.']", "['Fine.', 'Fine.']"])
    assert len(server.log) == 5
