from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request


def test_a_request_does_not_show_its_messages_or_headers() -> None:
    shown = repr(
        Request(
            model="m",
            messages=[{"role": "user", "content": "private"}],
            extra_headers={"Authorization": "private"},
            metadata={"a": "private"},
        )
    )
    assert "private" not in shown
    assert "1 messages" in shown


def test_an_endpoint_takes_what_openai_takes_unless_it_says_otherwise() -> None:
    endpoint = Endpoint(provider="p", url="http://h/")
    assert (endpoint.renames, endpoint.unsupported, endpoint.quirks, endpoint.takes_stream_options) == (
        {},
        frozenset(),
        (),
        True,
    )
    assert endpoint.asks_usage is False
