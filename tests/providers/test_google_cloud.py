from __future__ import annotations

import pytest

from aiollm.exceptions import BadRequestError
from aiollm.providers.google_cloud import located
from aiollm.types.endpoint import Endpoint

HERE = Endpoint("vertex_ai", "https://{host}/v1/projects/{project}/locations/{location}/m:a", stream_url="{host}/m:s")


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("us-central1", "us-central1-aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
    ],
)
def test_a_location_has_its_host(location: str, host: str) -> None:
    there = located(HERE, "my-project", location)
    assert there.url == f"https://{host}/v1/projects/my-project/locations/{location}/m:a"
    assert there.stream_url == f"{host}/m:s"


def test_a_project_may_belong_to_a_domain() -> None:
    assert "/projects/example.com:p1/" in located(HERE, "example.com:p1", "global").url


@pytest.mark.parametrize(
    ("project", "location", "param"),
    [("a/b", "global", "vertex_project"), ("p", "evil.example/", "vertex_location"), ("", "us", "vertex_project")],
)
def test_what_could_lead_elsewhere_is_refused(project: str, location: str, param: str) -> None:
    with pytest.raises(BadRequestError, match=param) as caught:
        located(HERE, project, location)
    assert caught.value.param == param
