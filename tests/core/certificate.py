"""A certificate that nobody signed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def self_signed(folder: Path) -> Path:
    """Return a new file with a certificate for localhost and its key; without openssl, skip the test."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the program openssl")
    file, certificate = folder / "localhost.pem", folder / "certificate.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = [openssl, "req", "-x509", *kind, *name, "-keyout", file, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + certificate.read_bytes())
    return file
