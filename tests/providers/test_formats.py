"""Names of providers that are reached only by a format of their own."""

import pytest

from aiollm.exceptions import BadRequestError
from aiollm.providers import resolve
from aiollm.providers.catalog import read_catalog
from aiollm.providers.formats import OWN_FORMATS


@pytest.mark.parametrize("name", OWN_FORMATS)
def test_a_provider_with_its_own_format_is_told_from_an_unknown_one(name: str) -> None:
    for model, named in ((f"{name}/m", None), ("m", name)):
        with pytest.raises(
            BadRequestError, match=f"{name} speaks its own format, which this version does not"
        ) as caught:
            resolve(model, custom_llm_provider=named, environ={})
        assert caught.value.param == "model"
        assert caught.value.llm_provider == name
        assert "did you mean" not in str(caught.value)
        assert "openai/<model>" in str(caught.value)


def test_the_way_names_the_address_that_speaks_openais_format() -> None:
    with pytest.raises(BadRequestError, match=r'api_base="https://api\.mistral\.ai/v1"'):
        resolve("mistral/x", environ={})


def test_the_catalogue_names_none_of_them() -> None:
    assert not OWN_FORMATS.keys() & read_catalog().keys()
