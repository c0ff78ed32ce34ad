import pytest

from formation_mlp.errors import ConfigError
from formation_mlp.registry import did_you_mean, lookup, unknown_name

TABLE = {"relu": 1, "gelu": 2, "Tanh": 3}


def test_a_name_in_the_table_gives_its_entry() -> None:
    assert lookup(TABLE, "gelu", "model.activation", "activation") == 2


def test_an_unknown_name_is_answered_with_place_names_and_the_nearest() -> None:
    with pytest.raises(ConfigError) as error:
        lookup(TABLE, "rellu", "model.activation", "activation")
    assert str(error.value) == (
        "model.activation: unknown activation 'rellu'. Choose one of: Tanh, gelu, relu. Did you mean 'relu'?"
    )


def test_a_name_unlike_all_others_brings_no_suggestion() -> None:
    assert unknown_name("xyz", TABLE, "here", "thing").endswith("Choose one of: Tanh, gelu, relu.")


def test_a_long_name_is_quoted_in_part() -> None:
    assert len(unknown_name("x" * 1_000_000, TABLE, "here", "thing")) < 200


def test_an_empty_table_says_so() -> None:
    assert unknown_name("x", (), "features.density", "option") == (
        "features.density: unknown option 'x'. There is none to choose."
    )


@pytest.mark.parametrize(
    ("name", "hint"), [("TANH", " Did you mean 'Tanh'?"), ("tahn", " Did you mean 'Tanh'?"), (7, "")]
)
def test_suggestions_do_not_mind_case_and_keep_the_spelling_of_the_table(name: object, hint: str) -> None:
    assert did_you_mean(name, TABLE) == hint
