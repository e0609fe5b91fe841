"""Who calls a cloud, and from where: options of the call, parts of the model's name, the environment."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.exceptions import BadRequestError
from aiollm.providers import Target, resolve
from aiollm.providers.identity import IDENTITIES, IDENTITY_OPTIONS, hidden_options
from aiollm.types.secret import HiddenText

ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
ENVIRON = {"AWS_REGION_NAME": "eu-west-1", "AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}


def target(model: str = "m", environ: dict[str, str] | None = None, **options: Any) -> Target:
    return resolve(f"bedrock/{model}", environ=environ or {}, options=options)


def region(model: str = "m", environ: dict[str, str] | None = None, **options: Any) -> str:
    found = target(model, environ, **options)
    assert f".{found.options['aws_region_name']}." in found.endpoint.url
    return str(found.options["aws_region_name"])


def test_the_region_is_looked_for_in_this_order() -> None:
    assert region(ARN, ENVIRON, aws_region_name="ap-south-1") == "ap-south-1"
    assert region(ARN, ENVIRON) == "us-east-1"
    assert region("us-west-2/m", ENVIRON) == "us-west-2"
    for variable in ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"):
        assert region("m", {variable: "sa-east-1"}) == "sa-east-1"
    assert region("m", ENVIRON) == "eu-west-1"


def test_a_missing_region_names_all_ways_to_give_one() -> None:
    with pytest.raises(BadRequestError) as caught:
        target()
    for way in ("pass aws_region_name=", "set AWS_REGION_NAME or AWS_REGION or AWS_DEFAULT_REGION", "api_base="):
        assert way in str(caught.value)


@pytest.mark.parametrize("given", ["evil.example/x", "eu-west-1.evil.example#", "a b"])
def test_a_region_cannot_lead_to_another_host(given: str) -> None:
    with pytest.raises(BadRequestError):
        target(aws_region_name=given)


def test_an_arn_is_one_segment_of_the_path() -> None:
    quoted = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc"
    assert target(ARN).endpoint.url == f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{quoted}/converse"
    assert target(ARN).model == ARN


def test_another_endpoint_needs_no_region() -> None:
    assert target(aws_bedrock_runtime_endpoint="https://vpce.example").endpoint.url == (
        "https://vpce.example/model/m/converse"
    )
    given = resolve("bedrock/m", environ={"AWS_BEDROCK_RUNTIME_ENDPOINT": "https://vpce.example"})
    assert given.endpoint.url == "https://vpce.example/model/m/converse"


@pytest.mark.parametrize("value", [7, "two\nlines", b"bytes"])
def test_an_option_is_a_line_of_text(value: Any) -> None:
    with pytest.raises(BadRequestError, match="aws_secret_access_key must be text") as caught:
        target(aws_region_name="eu-west-1", aws_secret_access_key=value)
    assert caught.value.param == "aws_secret_access_key"


def test_options_are_hidden_and_others_are_left_alone() -> None:
    given = hidden_options({"aws_secret_access_key": "s3cr3t", "top_k": 5, "suffix": "x"})
    assert repr(given) == "{'aws_secret_access_key': ***, 'top_k': 5, 'suffix': 'x'}"
    assert type(given["suffix"]) is str
    assert isinstance(given["aws_secret_access_key"], HiddenText)
    assert "s3cr3t" not in repr(
        target(aws_region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="s3cr3t")
    )


def test_every_option_has_a_variable_of_its_own() -> None:
    for identity in IDENTITIES.values():
        assert identity.caller | identity.together | set(identity.usual) <= set(identity.options) <= IDENTITY_OPTIONS
        variables = [name for names in identity.options.values() for name in names]
        assert len(variables) == len(set(variables))
        assert all(name.isupper() or name in identity.options for name in variables)


def test_a_region_counts_wherever_it_is_part_of_the_address() -> None:
    found = resolve(
        "bedrock_mantle/m", environ={"AWS_BEARER_TOKEN_BEDROCK": "t"}, options={"aws_region_name": "us-east-2"}
    )
    assert found.endpoint.url == "https://bedrock-mantle.us-east-2.api.aws/v1/chat/completions"


def test_another_provider_takes_no_notice_of_them() -> None:
    found = resolve("groq/m", environ={"GROQ_API_KEY": "k"}, options={"aws_region_name": "eu-west-1"})
    assert found.options == {}
