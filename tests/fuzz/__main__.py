"""Fuzz what reads a provider's bytes, guided by coverage: ``python3 -m tests.fuzz --seconds 60 [target]``.

Needs atheris (``pip install atheris``; Linux and macOS), and the environment of the tests. Without a target, all of
them share the time. What breaks a promise is written to ``tests/fuzz/inputs/<target>/``, where the tests run it from
then on; what leads to new code is kept under ``.fuzz/`` for the next time. Exits non-zero when anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys

from tests import ROOT

NAMES = ("sse", "ndjson", "stream", "event", "whole")
WORDS = ROOT / "tests" / "fuzz" / "words.dict"
LONGEST_INPUT = 4096
SLOWEST_SECONDS = 10  # of one input; what takes longer is a finding
MOST_MEGABYTES = 1024


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.fuzz", description="Fuzz the framers and the decoder.")
    parser.add_argument("target", nargs="?", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60, help="how long in all; 60 by default")
    given = parser.parse_args()
    if given.target is None:
        share = max(1, given.seconds // len(NAMES))
        commands = ([sys.executable, "-m", "tests.fuzz", name, "--seconds", str(share)] for name in NAMES)
        return max(subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands)
    return fuzz(given.target, given.seconds)


def fuzz(name: str, seconds: int) -> int:
    """Run one target; libFuzzer ends the process."""
    try:
        import atheris
    except ImportError:
        print("fuzzing needs atheris: pip install atheris")
        return 2
    with atheris.instrument_imports(include=["aiollm"]):
        from tests.fuzz.targets import INPUTS, TARGETS, seeds
    corpus, found = ROOT / ".fuzz" / name, INPUTS / name
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds(name):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    print(f"fuzzing {name} for {seconds} s", flush=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_INPUT}",
        f"-timeout={SLOWEST_SECONDS}",
        f"-rss_limit_mb={MOST_MEGABYTES}",
        f"-dict={WORDS}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], str(corpus), *options], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
