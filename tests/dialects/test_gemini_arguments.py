"""Arguments that come in pieces."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.gemini_arguments import GrowingArguments


def test_pieces_go_to_their_places() -> None:
    arguments = GrowingArguments({"kept": 1})
    arguments.add([{"jsonPath": "$.city", "stringValue": "Bos", "willContinue": True}])
    arguments.add(
        [
            {"jsonPath": "$.city", "stringValue": "ton"},
            {"jsonPath": "$.days[1].hot", "boolValue": False},
            {"jsonPath": "$.days[0]", "nullValue": "NULL_VALUE"},
            {"jsonPath": "$['odd name'][0]", "numberValue": 1.5},
        ]
    )
    assert arguments.value == {"kept": 1, "city": "Boston", "days": [None, {"hot": False}], "odd name": [1.5]}


@pytest.mark.parametrize("path", ["", "$", "$[0]", "$.kept.deeper", "$.list[99999999]", None, 7])
def test_a_path_that_leads_nowhere_is_refused(path: Any) -> None:
    with pytest.raises(ValueError, match="of an argument"):
        GrowingArguments({"kept": 1, "list": []}).add([{"jsonPath": path, "stringValue": "x"}])
