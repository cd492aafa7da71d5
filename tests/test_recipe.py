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
