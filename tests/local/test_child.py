import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiollm.local import child
from aiollm.local.weights import find_weights

pytestmark = pytest.mark.slow

SECRET = "of-this-test"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-P", child.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        yield started
        started.kill()


def order(packages: Path, weights: Path) -> bytes:
    text: child.Order = {
        "weights": str(weights),
        "model": "smollm2",
        "secret": SECRET,
        "threads": 1,
        "packages": str(packages),
    }
    return json.dumps(text).encode() + b"\n"


def give(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line)
    process.stdin.flush()


def address_of(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    assert process.stdout.readline() == b"\n"
    address: str = json.loads(process.stdout.readline())["address"]
    return address


def models(address: str, secret: str) -> list[str]:
    request = urllib.request.Request(f"{address}/v1/models", headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(request) as reply:
        return [model["id"] for model in json.load(reply)["data"]]


def test_it_serves_on_loopback_under_the_name_it_was_given(process: subprocess.Popen[bytes], packages: Path) -> None:
    give(process, order(packages, find_weights("smollm2")))
    address = address_of(process)
    assert address.startswith("http://127.0.0.1:")
    assert models(address, SECRET) == ["smollm2"]


def test_it_refuses_whoever_lacks_the_secret(process: subprocess.Popen[bytes], packages: Path) -> None:
    give(process, order(packages, find_weights("smollm2")))
    address = address_of(process)
    with pytest.raises(urllib.error.HTTPError) as refused:
        models(address, "another")
    refused.value.close()
    assert refused.value.code == 401


def test_it_ends_with_its_stdin_and_says_nothing(process: subprocess.Popen[bytes], packages: Path) -> None:
    give(process, order(packages, find_weights("smollm2")))
    address_of(process)
    assert process.communicate(timeout=10) == (b"", b"")


def test_it_ends_with_its_stdin_before_the_model_loads(process: subprocess.Popen[bytes], packages: Path) -> None:
    give(process, order(packages, find_weights("smollm2")))
    assert process.communicate(timeout=10) == (b"", b"")


def test_it_ends_with_its_stdin_while_native_code_holds_the_interpreter(tmp_path: Path) -> None:
    (tmp_path / "xllamacpp.py").write_text(
        "import ctypes\nprint('loading', flush=True)\nctypes.PyDLL(None).pause()  # keeps the interpreter's lock\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-P", child.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        give(process, order(tmp_path, tmp_path / "any.gguf"))
        assert process.stdout is not None
        assert process.stdout.readline() == b"loading\n"
        process.communicate(timeout=10)
        assert process.returncode == -signal.SIGIO


def test_it_ends_when_no_order_comes(process: subprocess.Popen[bytes]) -> None:
    assert process.communicate(timeout=10) == (b"", b"")
    assert process.returncode == 0


def test_it_tells_on_stderr_why_it_cannot_serve(process: subprocess.Popen[bytes], broken_file: Path) -> None:
    give(process, order(broken_file.parent, broken_file))
    assert process.wait(timeout=10) == 1
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read() == b""
    assert b"invalid magic" in process.stderr.read()


def test_neither_secret_nor_log_stays_behind(process: subprocess.Popen[bytes], packages: Path) -> None:
    give(process, order(packages, find_weights("smollm2")))
    address_of(process)
    for place in ("cmdline", "environ"):
        assert SECRET.encode() not in Path(f"/proc/{process.pid}/{place}").read_bytes()
    assert Path(f"/proc/{process.pid}/fd/2").readlink() == Path(os.devnull)
