"""What a fuzzer once found stays right, and the targets hold for the replies they start from."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import INPUTS, TARGETS, seeds


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_for_what_was_found_and_for_the_replies_of_real_servers(target: str) -> None:
    started_from = list(seeds(target))
    assert started_from
    for data in started_from:
        TARGETS[target](data)


def test_what_was_found_belongs_to_a_target() -> None:
    assert {folder.name for folder in INPUTS.glob("*") if folder.is_dir()} <= TARGETS.keys()
