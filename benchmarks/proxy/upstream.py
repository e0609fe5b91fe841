"""The upstream behind every gateway: the model that is asked for says what to send, as in ``chunked-20-200-paced``.

Gateways have one base URL, so what :mod:`benchmarks.upstream` reads in the path stands in the model's name here:
framing, rate, chunks and label. Run ``python -m benchmarks.proxy.upstream`` as that one is run.
"""

import re

from benchmarks.upstream import Connection, main

_MODEL = re.compile(rb'"model"\s*:\s*"(?:openai/)?((?:chunked|length|silent)-[^"]+)"')


class ModelConnection(Connection):
    """Answers as the model's name says; a request without one is asked for health, and is well."""

    def respond(self, path: list[str], body: bytes) -> None:
        found = _MODEL.search(body)
        super().respond(found[1].decode().split("-") if found else path, body)

    def answer(self, path: list[str], *, streaming: bool) -> None:
        if path[0] == "silent":
            self._entry = self._upstream.enter(path[-1])
        else:
            super().answer(path, streaming=streaming)


if __name__ == "__main__":
    main(ModelConnection)
