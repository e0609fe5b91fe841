from __future__ import annotations

import pytest

from aiollm.dialects.data_uri import DataURI, data_uri


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("data:image/png;base64,aGk=", DataURI("image/png", True, "aGk=")),
        ("data:text/plain;charset=utf-8;base64,aGk=", DataURI("text/plain", True, "aGk=")),
        ("data:;base64,aGk=", DataURI("", True, "aGk=")),
        ("data:text/plain,a,b%20c", DataURI("text/plain", False, "a,b%20c")),
        ("data:,", DataURI("", False, "")),
    ],
)
def test_what_a_uri_holds(text: str, held: DataURI) -> None:
    assert data_uri(text) == held


@pytest.mark.parametrize("text", ["", "data:image/png;base64", "https://h/data:image/png;base64,aGk=", "aGk="])
def test_other_text_is_none(text: str) -> None:
    assert data_uri(text) is None
