"""`aiollm models --refresh`: the table of models, made anew from a file, a wheel or an address."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from aiollm.cli import refresh
from aiollm.pricing.reduction import LEAST_ENTRIES
from aiollm.pricing.table import packaged_table, read_table
from aiollm.testing import ProviderServer, status
from tests.cli.conftest import Run

ENTRY = {"mode": "chat", "litellm_provider": "acme", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
SOURCE = json.dumps({f"acme/m{number}": ENTRY for number in range(LEAST_ENTRIES)})
FUTURE = 13_569_465_600  # the year 2400


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "aiollm" / "models.table"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "prices.json"
    path.write_text(SOURCE)
    os.utime(path, (FUTURE, FUTURE))
    return path


def test_a_file_becomes_the_users_table(source: Path, cache: Path, run_here: Run) -> None:
    result = run_here("models", "--refresh", "--from", str(source))
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"{LEAST_ENTRIES} models of 2400-01-01 are in {cache}\n"
    table = read_table(cache)
    assert (table["acme/m7"], table.source) == (ENTRY, "prices.json")
    assert [path.name for path in cache.parent.iterdir()] == [cache.name]


def test_an_older_file_is_told_to_be_of_no_use_yet(source: Path, cache: Path, run_here: Run) -> None:
    os.utime(source, (0, 0))
    told = run_here("models", "--refresh", "--from", str(source)).stderr
    assert f"of {packaged_table().made}, is no older, and stays in use" in told


def test_a_wheel_becomes_the_table_at_another_place(tmp_path: Path, cache: Path, run_here: Run) -> None:
    wheel, target = tmp_path / "litellm-9.9.9-py3-none-any.whl", tmp_path / "new" / "table.gz"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("litellm/model_prices_and_context_window_backup.json", SOURCE)
    assert run_here("models", "--refresh", "--from", str(wheel), "--to", str(target)).returncode == 0
    assert read_table(target).source == "litellm 9.9.9"
    assert not cache.exists()


def test_an_address_is_fetched(cache: Path, run_here: Run) -> None:
    with ProviderServer() as server:
        server.script(status(200, body=SOURCE.encode()))
        assert run_here("models", "--refresh", "--from", f"{server.url}/prices.json").returncode == 0
    assert len(read_table(cache)) == LEAST_ENTRIES


def test_without_a_source_litellms_repository_is_asked(
    cache: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ProviderServer() as server:
        server.script(status(200, body=SOURCE.encode()))
        monkeypatch.setattr(refresh, "SOURCE", f"{server.url}/main.json")
        assert run_here("models", "--refresh").returncode == 0
        assert server.log[0].path == "/main.json"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (SOURCE[:-50], "not LiteLLM's table of models, and ours stays as it is: it is not JSON"),
        ("{}", "ours stays as it is: it has 0 models with a price"),
    ],
    ids=["cut", "another"],
)
def test_a_bad_source_leaves_the_old_table(content: str, fault: str, source: Path, cache: Path, run_here: Run) -> None:
    run_here("models", "--refresh", "--from", str(source))
    before = cache.read_bytes()
    source.write_text(content)
    result = run_here("models", "--refresh", "--from", str(source))
    assert (result.returncode, cache.read_bytes()) == (1, before)
    assert fault in result.stderr


@pytest.mark.parametrize(
    ("given", "fault", "code"),
    [
        ("nowhere.json", "No such file", 1),
        ("ftp://prices.example/x", "not an address that can be fetched", 2),
        ("http://127.0.0.1:9/x", "cannot be fetched, and the table stays as it is", 1),
    ],
)
def test_a_source_that_cannot_be_read_is_an_error_in_words(
    given: str, fault: str, code: int, cache: Path, run_here: Run
) -> None:
    result = run_here("models", "--refresh", "--from", given)
    assert (result.returncode, result.stderr.count("\n")) == (code, 1)
    assert fault in result.stderr
    assert not cache.exists()


def test_another_archive_is_no_wheel_of_litellms(tmp_path: Path, cache: Path, run_here: Run) -> None:
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("x", "")
    assert "is not LiteLLM's wheel" in run_here("models", "--refresh", "--from", str(tmp_path / "other.whl")).stderr


def test_a_source_without_refresh_is_wrong_usage(source: Path, run_here: Run) -> None:
    result = run_here("models", "--from", str(source))
    assert (result.returncode, "--refresh" in result.stderr) == (2, True)


def test_without_a_home_the_place_must_be_said(source: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "user_table_path", lambda: None)
    result = run_here("models", "--refresh", "--from", str(source))
    assert (result.returncode, "--to FILE" in result.stderr) == (2, True)
