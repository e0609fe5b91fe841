"""What the process holds: memory, descriptors, threads."""

from __future__ import annotations

import ctypes
import gc
import mmap
import sys
import threading
import time
from pathlib import Path

from attrs import frozen

GRACE = 20.0  # seconds for connections and threads to end


@frozen
class Held:
    """What is held at rest, with no stream open.

    Attributes:
        blocks: objects of up to 512 bytes that Python has allocated.
        heap: bytes of larger ones, and of libraries, as malloc counts what is in use. What the process occupies is no
            measure of a leak: after some thousand buffers of all sizes the heap has more holes than contents.
    """

    descriptors: int
    threads: int
    blocks: int
    heap: int


def held() -> Held:
    for _ in range(3):
        gc.collect()
    descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
    return Held(descriptors, threading.active_count(), sys.getallocatedblocks(), _in_use())


class _MallocInfo(ctypes.Structure):
    """glibc's `struct mallinfo2` (malloc.h); other libraries of C have none."""

    _names = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    _fields_ = tuple((name, ctypes.c_size_t) for name in _names)


def _in_use() -> int:
    count = ctypes.CDLL(None).mallinfo2
    count.restype = _MallocInfo
    info = count()
    return int(info.uordblks + info.hblkhd)


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
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE
