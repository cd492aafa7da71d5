import pytest

from bidsapp.errors import BadDataError, NoInputError
from bidsapp.recipe import Recipe


@pytest.fixture
def defaults(tmp_path):
    path = tmp_path / "defaults.toml"
    path.write_text('epochs = 10\nrate = 0.1\nname = "a"\nfast = false\n')
    return path


def read(defaults, text):
    mine = defaults.with_name("mine.toml")
    mine.write_text(text)
    return Recipe.read("toy", defaults, mine)


def test_the_users_values_lie_over_the_defaults(defaults):
    recipe = read(defaults, "epochs = 3\nrate = 1\n")
    assert (recipe.integer("epochs"), recipe.number("rate"), recipe.text("name")) == (3, 1.0, "a")
    assert recipe.flag("fast") is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epoch = 3", "unknown recipe key 'epoch'; known keys are epochs, fast, name, rate"),
        ('epochs = "3"', "must be of type int"),
        ("epochs = true", "must be of type int"),
        ("epochs = ", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(defaults, text, said):
    with pytest.raises(BadDataError, match=said):
        read(defaults, text)


def test_an_absent_file_is_named(defaults):
    with pytest.raises(NoInputError, match="--recipe"):
        Recipe.read("toy", defaults, defaults.with_name("absent.toml"))


def test_the_digest_tells_recipes_apart(defaults):
    assert read(defaults, "epochs = 3").digest != read(defaults, "epochs = 4").digest


def test_a_sweep_gives_a_recipe_for_each_value_of_the_keys_own_type(tmp_path):
    recipe = Recipe("anomaly", {"beta": 0.1, "steps": 5, "metric": "cosine", "images": ["T1w"]})
    swept = recipe.swept("beta=0,1e-4")
    assert {label: own.values["beta"] for label, own in swept.items()} == {"beta-0": 0.0, "beta-1e-4": 1e-4}
    assert recipe.swept("steps=7")["steps-7"].values["steps"] == 7
    assert list(recipe.swept("metric=cosine, correlation")) == ["metric-cosine", "metric-correlation"]


@pytest.mark.parametrize("sweep", ["speed=1,2", "images=T1w", "steps=1.5"])
def test_a_sweep_that_makes_no_sense_is_refused(sweep):
    recipe = Recipe("anomaly", {"beta": 0.1, "steps": 5, "images": ["T1w"]})
    with pytest.raises(BadDataError, match="--sweep"):
        recipe.swept(sweep)


def test_a_choice_and_a_range_name_what_is_allowed():
    recipe = Recipe("anomaly", {"metric": "taxi", "nu": 2.0})
    with pytest.raises(BadDataError, match="'metric' is 'taxi'; it can be cosine, euclidean"):
        recipe.choice("metric", ("cosine", "euclidean"))
    with pytest.raises(BadDataError, match="'nu' must lie between 0 and 1, not 2"):
        recipe.within("nu", 0, 1)
