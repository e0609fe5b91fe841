"""What becomes of a test that lacks something from outside of the checkout."""

import os
from typing import NoReturn

import pytest


def do_without(what: str) -> NoReturn:
    """Skip the test, or fail it where AIOLLM_CORPUS=required says that everything must be there."""
    if os.environ.get("AIOLLM_CORPUS") == "required":
        pytest.fail(what)
    pytest.skip(what)
