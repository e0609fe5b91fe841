"""The course of a job as a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiollm.jobs.plot import check_picture, draw
from aiollm.jobs.summary import Tally
from tests.jobs.asking import answer

pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where matplotlib may note which fonts there are."""
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))


@pytest.mark.slow  # loading matplotlib takes seconds
def test_a_picture_tells_of_requests_tokens_and_waits(tmp_path: Path) -> None:
    tally = Tally()
    for number in range(50):
        tally.add(answer(number, elapsed=0.1 + number / 100, first_token=0.05), number / 10)
    path = tmp_path / "course.svg"
    draw(tally, tally.summary("complete", 0, 5.0), path)
    text = path.read_text(encoding="utf-8")
    for title in ("Requests a second", "Tokens of answers a second", "first token", "complete: 50 done, 0 failed"):
        assert f"<!-- {title}" in text


@pytest.mark.slow
def test_a_job_without_answers_has_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "course.png"
    draw(Tally(), Tally().summary(None, 0, 0.0), path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"named \.png, \.svg, \.pdf"):
        check_picture(Path("course.txt"))
