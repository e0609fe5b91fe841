"""The upstream of the dialects: ``http://127.0.0.1:PORT/DIALECT/CHUNKS`` and whatever path the dialect has behind it.

Run ``python -m benchmarks.dialects.upstream`` as :mod:`benchmarks.upstream` is run, in an environment with aiollm.
"""

from benchmarks.dialects.answers import ANSWERS, saturating_blocks
from benchmarks.upstream import Connection, main


class DialectConnection(Connection):
    """Answers in the wire format that the path begins with."""

    def answer(self, path: list[str], *, streaming: bool) -> None:
        name = path[0]
        if name in ANSWERS:
            self.send(saturating_blocks(name, int(path[1])), int(path[1]))
        else:
            super().answer(path, streaming=streaming)


if __name__ == "__main__":
    main(DialectConnection)
