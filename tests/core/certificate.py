"""Certificates that nobody else signed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_RULES = """
[ca]
default_ca = own
[own]
database = index
default_md = sha256
copy_extensions = copy
rand_serial = yes
policy = any
[any]
commonName = supplied
"""


def self_signed(folder: Path, *names: str, name: str = "localhost", expired: bool = False) -> Path:
    """Return a new file `<name>.pem` with a certificate for some host names (localhost, if none) and its key.

    Without the program openssl, the test is skipped.
    """
    folder.mkdir(exist_ok=True)
    hosts = ",".join(f"DNS:{host}" for host in names or ("localhost",))
    wanted = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"]
    wanted += ["-addext", f"subjectAltName={hosts}", "-keyout", f"{name}.pem"]
    if not expired:
        _openssl(folder, "req", "-x509", "-days", "2", *wanted, "-out", "certificate.pem")
    else:
        (folder / "index").touch()
        (folder / "rules").write_text(_RULES)
        _openssl(folder, "req", *wanted, "-out", "request.pem")
        _openssl(
            folder,
            *("ca", "-config", "rules", "-batch", "-selfsign", "-notext", "-outdir", "."),
            *("-startdate", "20200101000000Z", "-enddate", "20200102000000Z"),
            *("-keyfile", f"{name}.pem", "-in", "request.pem", "-out", "certificate.pem"),
        )
    file = folder / f"{name}.pem"
    file.write_bytes(file.read_bytes() + (folder / "certificate.pem").read_bytes())
    return file


def _openssl(folder: Path, *arguments: str) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the program openssl")
    subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)
