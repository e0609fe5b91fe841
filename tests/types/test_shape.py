from collections import ChainMap

import pytest

from aiollm.types.shape import EMPTY, is_array, is_mapping, is_object


def test_each_shape_of_json_is_told_from_the_others() -> None:
    values = [{}, ChainMap({}), [], (), "text", 1.5, True, None]
    assert [value for value in values if is_object(value)] == [{}]
    assert [value for value in values if is_mapping(value)] == [{}, ChainMap({})]
    assert [value for value in values if is_array(value)] == [[]]


def test_the_empty_object_cannot_be_filled() -> None:
    with pytest.raises(TypeError):
        EMPTY["name"] = 1  # type: ignore[index]
