"""One adapter per SDK, written as the vendor's own pages write a stream: a ``Client`` with one address.

Each is what :mod:`benchmarks.reading` needs; ``BLOCKING`` says that a ``Client`` is to be read by blocking calls.
Retries are off. Where an SDK has several ways to read a stream, it is the one that does the least.
"""

MODEL = "bench"
API_KEY = "not-a-real-key"
PROMPT = "Say something about foxes."
MAX_TOKENS = 4096
