from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_what_to_change_is_told_by_line(run_here: Run, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import litellm\nlitellm.rerank('m')\n")
    result = run_here("migrate", str(tmp_path))
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        f"{tmp_path}/app.py:1: change   import litellm: import aiollm.compat.litellm as litellm",
        f"{tmp_path}/app.py:2: missing  litellm.rerank: chat, responses and embeddings are what there is",
    ]
    assert result.stderr == "1 files use LiteLLM: 1 change, 1 missing\n"


def test_what_to_change_is_told_to_programs(run_here: Run, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import litellm\n")
    result = run_here("migrate", "--json", str(tmp_path))
    assert result.returncode == 0
    (finding,) = json.loads(result.stdout)
    assert (finding["line"], finding["kind"], finding["name"]) == (1, "change", "import litellm")


def test_nothing_to_change_is_said(run_here: Run, tmp_path: Path) -> None:
    result = run_here("migrate", str(tmp_path))
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "0 files use LiteLLM: nothing to change\n"


def test_a_path_that_is_not_there_is_told(run_here: Run, tmp_path: Path) -> None:
    result = run_here("migrate", str(tmp_path / "lost"))
    assert result.returncode == 2
    assert "lost is not there" in result.stderr
