"""The files of a configuration, and those they include."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiollm.proxy.config import marks_of, read_config

ENTRY = "model_list:\n- {{model_name: {0}, litellm_params: {{model: openai/{0}}}}}\n"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_included_files_are_found_beside_the_file_that_names_them(tmp_path: Path) -> None:
    main = write(tmp_path, "config.yaml", "include: [more/a.yaml]\n" + ENTRY.format("m"))
    write(tmp_path, "more/a.yaml", "include: [b.yaml, ../config.yaml]\n" + ENTRY.format("a"))
    write(tmp_path, "more/b.yaml", ENTRY.format("b"))
    reading = read_config(main)
    assert reading.problems == ()
    assert reading.require().groups == ("m", "a", "b")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (problem,) = read_config(tmp_path / "none.yaml").problems
    assert str(problem) == f"{tmp_path}/none.yaml:1: cannot be read: No such file or directory"
    main = write(tmp_path, "config.yaml", "include: [gone.yaml]\n")
    reading = read_config(main)
    assert reading.config is None
    assert "gone.yaml:1: cannot be read" in str(reading.problems[0])


def test_all_files_are_marked_and_a_change_of_any_is_seen(tmp_path: Path) -> None:
    main = write(tmp_path, "config.yaml", "include: [a.yaml, gone.yaml]\n")
    included = write(tmp_path, "a.yaml", ENTRY.format("a"))
    marks = read_config(main).marks
    assert marks_of(marks) == marks
    write(tmp_path, "gone.yaml", "")
    assert marks_of(marks) != marks
    marks = read_config(main).marks
    included.write_text(ENTRY.format("another"))
    assert marks_of(marks) != marks


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xff\xfe")
    assert "it is not UTF-8" in str(read_config(file).problems[0])


def test_variables_come_from_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY_MASTER_KEY", "sk-from-outside")
    main = write(tmp_path, "config.yaml", "general_settings: {master_key: os.environ/PROXY_MASTER_KEY}\n")
    master_key = read_config(main).require().general.master_key
    assert master_key is not None
    assert master_key.reveal() == "sk-from-outside"
