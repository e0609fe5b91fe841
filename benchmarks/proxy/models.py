"""The models that the load asks for: each name says what the upstream sends."""

RATE = 20
"""Frames a second of a paced stream, as of a model that people read along with."""

FIRST_FRAMES, BLAST_FRAMES = 5, 5_000

WHOLE = "chunked-0-1-whole"
FIRST = f"chunked-0-{FIRST_FRAMES}-first"
BLAST = f"chunked-0-{BLAST_FRAMES}-blast"
PACED = f"chunked-{RATE}-100000-paced"

SILENT = "silent-0-0-silent"
"""Asked, it never says anything."""

MODELS = (WHOLE, FIRST, BLAST, PACED, SILENT)
