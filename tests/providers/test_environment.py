"""The environment's values are read and never shown."""

from aiollm.providers.environment import Environment
from aiollm.types.secret import HiddenText

VARIABLES = {"A": "secret-a", "B": "  ", "C": "secret-c"}


def test_no_value_is_in_a_repr() -> None:
    environment = Environment(VARIABLES)
    assert "secret" not in f"{environment!r}{environment.get('A')!r}{environment.first(['A'])!r}"


def test_a_blank_variable_counts_as_unset() -> None:
    environment = Environment(VARIABLES)
    assert (environment.get("A"), environment.get("B"), environment.get("D")) == (HiddenText("secret-a"), None, None)


def test_the_first_variable_that_is_set_is_found() -> None:
    environment = Environment(VARIABLES)
    assert environment.first(["D", "B", "C", "A"]) == ("C", "secret-c")
    assert environment.first(["D", "B"]) is None
