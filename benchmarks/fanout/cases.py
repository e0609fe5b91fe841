"""What is asked, and who asks it."""

from dataclasses import dataclass, replace

from benchmarks.libraries import FLOOR, LIBRARIES, Library
from benchmarks.provider import Provider

PROMISED = ("floor", "aiollm")
PEER_REQUESTS = 2_000
QUICK_SHARE = 5


@dataclass(frozen=True)
class Case:
    """Many requests.

    Attributes:
        title: what they are.
        requests: how many; peers, whose figures are to be compared and no promise, ask fewer of the short ones.
        at_a_time: how many of them at a time.
        chunks: of each answer.
        stream: whether answers are streamed.
        peers: whether the peers ask it too.
        rate: chunks of a stream a second; or whole replies of the upstream a second, all together; 0 for any.
    """

    title: str
    requests: int
    at_a_time: int
    chunks: int = 1
    stream: bool = False
    rate: float = 0.0
    peers: bool = True

    def asked_by(self, contender: str, *, quick: bool) -> "Case":
        """Return what a contender asks of it."""
        ours = contender in PROMISED
        requests = self.requests if ours else min(self.requests, PEER_REQUESTS)
        fewer = quick and not (ours and self.stream)  # what is promised of streams is of so many at a time
        return replace(self, requests=requests // QUICK_SHARE if fewer else requests)

    @property
    def units(self) -> int:
        """What its cost is told by: the chunks, or the requests."""
        return self.requests * self.chunks

    def base_url(self, provider: Provider) -> str:
        return provider.base_url(self.chunks, rate=self.rate)


CASES = {
    "streams": Case("500 streams of 51 chunks at a time, 20 a second each", 500, 500, 51, stream=True, rate=20),
    "capacity": Case(
        "10,000 short requests, of which the provider serves 500 a second", 10_000, 100, rate=500, peers=False
    ),
    "short": Case("10,000 short requests, as fast as they may", 10_000, 100),
}


@dataclass(frozen=True)
class Contender:
    """A way to ask many things.

    Attributes:
        title: what it is.
        module: has it, in `benchmarks.fanout.clients`.
        library: what it needs.
        streams: whether it can stream.
        warm_up: requests before the measuring begins, which load what it needs.
    """

    title: str
    module: str
    library: Library
    streams: bool = False
    warm_up: int = 50


_LANGCHAIN = Library(
    "langchain-openai",
    "",
    ("langchain-openai",),
    imports="langchain_openai",
    distributions=("langchain-openai", "langchain-core", "openai"),
)
_CURATOR = Library(
    "bespokelabs-curator",
    "",
    ("bespokelabs-curator",),
    imports="bespokelabs.curator",
    distributions=("bespokelabs-curator", "litellm", "aiohttp"),
    environ={"CURATOR_DISABLE_CACHE": "1", "CURATOR_DISABLE_RICH_DISPLAY": "1", "TELEMETRY_ENABLED": "0"},
)

CONTENDERS = {
    FLOOR: Contender("a gather over the floor", "gather", LIBRARIES[FLOOR], streams=True),
    "aiollm": Contender("`aiollm.map`", "aiollm", LIBRARIES["aiollm"], streams=True),
    "openai": Contender("a gather over `AsyncOpenAI`", "gather", LIBRARIES["openai"], streams=True),
    "litellm": Contender("a gather over `litellm.acompletion`", "gather", LIBRARIES["litellm"], streams=True),
    "batch": Contender("`litellm.batch_completion`", "batch_completion", LIBRARIES["litellm"]),
    "cookbook": Contender("the method of OpenAI's cookbook, over aiohttp", "cookbook", LIBRARIES[FLOOR]),
    "langchain": Contender("langchain's `abatch_as_completed`", "langchain", _LANGCHAIN),
    "curator": Contender("Bespoke Curator", "curator", _CURATOR),
}
