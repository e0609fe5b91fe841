from __future__ import annotations

from typing import Any

import pytest

from aiollm.router_arguments.fallback_lists import FallbackLists, read_fallbacks

LISTS = FallbackLists(
    general={"a": ("b", "c"), "b": ("d", "a"), "*": ("e",)},
    context_window={"a": ("long",)},
)


def test_each_that_stands_in_is_followed_by_those_that_stand_in_for_it() -> None:
    assert LISTS.after(LISTS.general, "a") == ("b", "d", "e", "c")


def test_a_group_without_a_list_has_that_of_all() -> None:
    assert LISTS.after(LISTS.general, "x") == ("e",)
    assert LISTS.after(LISTS.general, "e") == ()


def test_a_reason_may_have_a_list_of_its_own() -> None:
    assert LISTS.after(LISTS.context_window, "a") == ("long", "e")
    assert LISTS.after(LISTS.context_window, "b") == ()


def test_no_more_stand_in_than_are_allowed() -> None:
    lists = FallbackLists(general={"a": ("b", "c", "d")}, most=2)
    assert lists.after(lists.general, "a") == ("b", "c")


def test_all_names_are_known() -> None:
    assert LISTS.names() == {"a", "b", "c", "d", "e", "long"}


def test_lists_are_read() -> None:
    assert read_fallbacks("fallbacks", [{"a": ["b"]}, {"*": ["c", "d"]}]) == {"a": ("b",), "*": ("c", "d")}
    assert read_fallbacks("fallbacks", None) == {}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"a": ["b"]}, "fallbacks must be a list like"),
        (["a"], r"fallbacks\[0\] must be a dict like"),
        ([{"a": "b"}], r"fallbacks\[0\]\['a'\] must be a list of names of models; got 'b'"),
        ([{"a": [1]}], "must be a list of names"),
    ],
)
def test_a_wrong_list_is_told(given: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_fallbacks("fallbacks", given)
