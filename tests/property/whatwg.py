"""The event stream interpretation of the WHATWG, transcribed step by step, and the places where we read on.

https://html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.5 (the grammar) and 9.2.6 (the steps). It is slow,
reads whole bodies, and knows nothing of cuts. The four additions of `aiollm/wire/sse.py` are off unless they are
asked for; each stands where it departs from the standard, and a reading tells which of them it used. What used none is
read by us as the standard says.

One step is left to the readers of a frame: a byte that is no UTF-8 stands for itself in the text (`surrogateescape`)
where the standard has U+FFFD, so that nothing is lost in a comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from attrs import define, field, frozen

from aiollm.types.lenient import is_json

CR, LF, NULL, SPACE, COLON, BOM = "\r", "\n", "\0", " ", ":", "\ufeff"
END_MARKER = "[DONE]"


class Addition(Enum):
    """What we read in another way than the standard."""

    TAIL = "an unterminated last event is used if it is whole"
    ONE_NEWLINE = "data lines that are each a JSON object are each an event"
    ERROR_LINE = "a line `error: ...` is an error event"
    BARE_JSON = "JSON without a field name is an event"


ALL = frozenset(Addition)


@frozen
class Event:
    """What is dispatched. The type is "" where the standard says "message"."""

    type: str
    data: str
    last_event_id: str = ""


@define
class Reading:
    """The events of a body, the reconnection time, and the additions that had a part in it."""

    events: list[Event] = field(factory=list)
    reconnection_time: int | None = None
    used: set[Addition] = field(factory=set)


def text_of(data: bytes) -> str:
    """Bytes as text, without loss."""
    return data.decode("utf-8", "surrogateescape")


def interpret(body: bytes, additions: frozenset[Addition] = frozenset()) -> Reading:
    """Read a whole body."""
    source = _EventSource(additions)
    for line, end in lines(text_of(body).removeprefix(BOM)):  # decoding drops one BOM
        source.take(line, end)
    source.end_of_file()
    return source.reading


def lines(text: str) -> Iterator[tuple[str, str]]:
    """Give each line and its end: CRLF, a single LF or a single CR; "" for a last line that has none."""
    start = position = 0
    while position < len(text):
        if text[position] not in (CR, LF):
            position += 1
            continue
        end = CR + LF if text[position : position + 2] == CR + LF else text[position]
        yield text[start:position], end
        start = position = position + len(end)
    if start < len(text):
        yield text[start:], ""


class _EventSource:
    def __init__(self, additions: frozenset[Addition]) -> None:
        self.reading = Reading()
        self.additions = additions
        self.data_buffer = ""
        self.event_type_buffer = ""
        self.last_event_id_buffer = ""
        # Ours: the lines since the last empty one, and the errors and the values of data fields among them.
        self.block: list[tuple[str, str]] = []
        self.errors: list[Event] = []
        self.values: list[str] = []
        self.one_newline = False
        self.line_ended = True

    def take(self, line: str, end: str) -> None:
        self.line_ended = end != ""
        if not end and not self.counts_without_end(line):
            return
        if line == "":
            self.blank_line()
        elif self.one_newline:
            self.line_of_its_own(line)
        else:
            self.block.append((line, end))
            self.process_line(line)
            self.look_for_one_newline()

    def process_line(self, line: str) -> None:
        """A comment is ignored; a line with a colon is a field and its value; any other is a field without a value."""
        if not line.startswith(COLON):
            self.process_field(*field_of(line))

    def process_field(self, name: str, value: str) -> None:
        match name:
            case "event":
                self.event_type_buffer = value
            case "data":
                self.data_buffer += value + LF
                self.values.append(value)
            case "id":
                if NULL not in value:
                    self.last_event_id_buffer = value
            case "retry":
                if value.isascii() and value.isdigit():
                    self.reading.reconnection_time = int(value)
            case "error" if Addition.ERROR_LINE in self.additions:
                self.errors.append(Event("error", value))
            case _:
                pass  # a field of another name is ignored

    def blank_line(self) -> None:
        bare = self.bare_json("".join(line + end for line, end in self.block))
        if bare is not None:
            self.emit(Event("", bare), Addition.BARE_JSON)
        else:
            self.emit_errors()
            self.dispatch()
        self.data_buffer = self.event_type_buffer = ""
        self.block, self.values = [], []

    def dispatch(self) -> None:
        """Nothing is dispatched without data; of the data, the last LF is dropped; both buffers end empty."""
        if self.data_buffer != "":
            data = self.data_buffer.removesuffix(LF)
            self.emit(Event(self.event_type_buffer, data, self.last_event_id_buffer))
        self.data_buffer = self.event_type_buffer = ""

    def end_of_file(self) -> None:
        """What has come of an event is discarded, for want of its blank line."""
        if Addition.TAIL in self.additions:
            self.use_the_tail()

    # The additions

    def emit(self, event: Event, addition: Addition | None = None) -> None:
        self.reading.events.append(event)
        if addition is not None:
            self.reading.used.add(addition)

    def emit_errors(self) -> None:
        for error in self.errors:
            self.emit(error, Addition.ERROR_LINE)
        self.errors = []

    def bare_json(self, text: str) -> str | None:
        """The text, if it is an object or a list as it is."""
        text = text.strip(" \t\r\n")  # JSON's white space
        return text if Addition.BARE_JSON in self.additions and text[:1] in ("{", "[") and is_json_text(text) else None

    def look_for_one_newline(self) -> None:
        """The first two data lines of an event are each an object: from there on each data line is an event."""
        if Addition.ONE_NEWLINE in self.additions and len(self.values) == 2 and all(map(is_object, self.values)):
            self.one_newline = True
            self.reading.used.add(Addition.ONE_NEWLINE)
            self.data_buffer = self.event_type_buffer = ""
            self.errors = []
            for line, _ in self.block:
                self.line_of_its_own(line)
            self.block = []

    def line_of_its_own(self, line: str) -> None:
        """A line where one newline ends an event; a blank line then ends nothing but the life of an event's name."""
        bare = self.bare_json(line)
        if bare is not None:
            self.emit(Event("", bare), Addition.BARE_JSON)
        self.process_line(line)
        self.emit_errors()
        if self.data_buffer != "":
            self.dispatch()

    def counts_without_end(self, line: str) -> bool:
        """Whether a last line that may be cut is taken: what is an event by itself must be whole."""
        if Addition.TAIL not in self.additions:
            return False
        name, value = field_of(line)
        is_bare = self.one_newline and self.bare_json(line) is not None
        alone = name == "error" or (self.one_newline and name == "data")
        counts = not alone or is_whole(value)
        if (alone or is_bare) and counts:
            self.reading.used.add(Addition.TAIL)
        return counts

    def use_the_tail(self) -> None:
        data = self.data_buffer.removesuffix(LF)
        is_error_with_its_end = self.event_type_buffer == "error" and self.line_ended
        if not (is_whole(data) or is_error_with_its_end):
            self.data_buffer = ""
        before = len(self.reading.events)
        self.blank_line()
        if len(self.reading.events) > before:
            self.reading.used.add(Addition.TAIL)


def field_of(line: str) -> tuple[str, str]:
    """A line's field and its value, of which one space at the start is dropped."""
    name, _, value = line.partition(COLON)
    return name, value.removeprefix(SPACE)


def is_json_text(text: str) -> bool:
    return is_json(text.encode("utf-8", "surrogateescape"))


def is_object(text: str) -> bool:
    return text.startswith(END_MARKER) or (text.startswith("{") and is_json_text(text))


def is_whole(text: str) -> bool:
    """Whether a text that may have been cut was not."""
    return text.startswith(END_MARKER) or is_json_text(text)
