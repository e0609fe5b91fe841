from aiollm.wire.http import HttpRequest, ReplyHead


def test_a_request_does_not_show_its_body() -> None:
    shown = repr(HttpRequest("http://h/", {"A": "1"}, b"private words"))
    assert "private" not in shown
    assert "13 bytes" in shown


def test_the_content_type_is_without_its_parameters() -> None:
    assert ReplyHead(200, {"content-type": " Text/Event-Stream ; charset=utf-8"}).content_type == "text/event-stream"


def test_a_reply_may_have_no_content_type() -> None:
    assert ReplyHead(204).content_type == ""
