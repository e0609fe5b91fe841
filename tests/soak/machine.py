"""What the process holds: memory, descriptors, threads; and how its memory went."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

PAGE = os.sysconf("SC_PAGE_SIZE")
WINDOW = 5  # samples; of each window the lowest counts, as what is held for a moment is no leak
GRACE = 20.0  # seconds for connections and threads to end


@frozen
class Held:
    """What is held at rest, with no stream open.

    Attributes:
        blocks: objects and buffers that Python has allocated.
    """

    descriptors: int
    threads: int
    blocks: int


def held() -> Held:
    for _ in range(3):
        gc.collect()
    return Held(sum(1 for _ in Path("/proc/self/fd").iterdir()), threading.active_count(), sys.getallocatedblocks())


def settled(before: Held) -> Held:
    """Wait until no more descriptors and threads are held than before, and return what is held then."""
    deadline = time.monotonic() + GRACE
    while (now := held()).descriptors > before.descriptors or now.threads > before.threads:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return now


def resident() -> int:
    """Bytes of memory that the process occupies."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def slope(samples: Sequence[tuple[float, int]]) -> float:
    """Bytes a second, by least squares through the lowest of each window; the first third is warming up."""
    windows = [samples[start : start + WINDOW] for start in range(len(samples) // 3, len(samples), WINDOW)]
    points = [min(window, key=lambda sample: sample[1]) for window in windows]
    if len(points) < 2:
        return 0.0
    mean_time = sum(moment for moment, _ in points) / len(points)
    mean_size = sum(size for _, size in points) / len(points)
    spread = sum((moment - mean_time) ** 2 for moment, _ in points)
    return sum((moment - mean_time) * (size - mean_size) for moment, size in points) / spread
