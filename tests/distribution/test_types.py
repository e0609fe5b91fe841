"""What a type checker knows of the installed package."""

from __future__ import annotations

import json
import sys

import pytest

from tests.distribution.place import Place


@pytest.mark.timeout(300)  # half a minute where nobody else wants the machine
def test_nearly_every_public_name_has_a_declared_type(place: Place) -> None:
    checker = (sys.executable, "-m", "basedpyright", "--verifytypes", "aiollm", "--ignoreexternal", "--outputjson")
    report = json.loads(place.run(*checker, limit=240).stdout)["typeCompleteness"]
    wanting = [symbol for symbol in report["symbols"] if symbol["isExported"] and not symbol["isTypeKnown"]]
    told = "\n".join(f"{symbol['name']}: {symbol['diagnostics'][:1]}" for symbol in wanting[:20])
    assert report["completenessScore"] >= 0.99, told
