"""Ctrl-C while a blocking call waits, in a process of its own."""

from __future__ import annotations

import sys

import pytest

from tests.programs import run


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("where", ["reading", "opening", "whole"])
def test_ctrl_c_closes_the_connection(where: str) -> None:
    program = f"""
    where = {where!r}
    with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall()] if where == "reading" else silence())
        sent = []

        def interrupt():
            server.run(server.wait_for(lambda: bool(server.log)))
            time.sleep(0.2)
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        try:
            result = aiollm.completion(**CALL, api_base=server.base_url, stream=where != "whole")
            for chunk in result:
                pass
        except KeyboardInterrupt:
            request = server.run(server.wait_for_disconnect(0))
            print(request.disconnected_by, request.disconnected_at - sent[0] < 1)
        thread.join()
    """
    assert run(program) == "client True"
