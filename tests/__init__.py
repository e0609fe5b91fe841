"""The test suite; ``python3 -m tests`` from the checkout runs all of it in environments of its own."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "aiollm"
CORPUS = ROOT.parent / "shared" / "corpus"  # third-party recordings: read where they lie, never copied into the project
