from __future__ import annotations

from pathlib import Path

import pytest

from aiollm.compat.migration.tree import findings_in_tree

CONFIG = """\
model_list:
  - model_name: fast
    litellm_params: {model: groq/any, api_key: os.environ/NOBODY_HAS_IT, rpm: os.environ/LIMIT}
litellm_settings:
  drop_params: true
guardrails: []
"""


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_all_files_of_a_folder_are_read_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b.py", "import litellm")
    write(tmp_path, "a/deep.py", "import litellm")
    write(tmp_path, "a/other.yaml", "a: 1")
    write(tmp_path, "config.yaml", CONFIG)
    for left_out in (".venv/x.py", "node_modules/x.py", "lib/site-packages/x.py", "notes.txt"):
        write(tmp_path, left_out, "import litellm")
    findings = findings_in_tree([tmp_path])
    assert [Path(finding.file).relative_to(tmp_path).as_posix() for finding in findings] == [
        "a/deep.py",
        "b.py",
        "config.yaml",
    ]
    assert (findings[2].line, findings[2].kind, findings[2].name) == (6, "idle", "guardrails")


def test_a_configuration_with_a_fault_is_told(tmp_path: Path) -> None:
    write(tmp_path, "config.yaml", CONFIG.replace("groq/any", "nobody/any"))
    assert [finding.kind for finding in findings_in_tree([tmp_path / "config.yaml"])] == ["missing", "idle"]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        findings_in_tree([tmp_path / "lost"])
