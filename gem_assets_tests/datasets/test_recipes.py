import pytest

from gem_assets.datasets.recipes import SHIPPED, RecipeError, load_recipe, recipe_names
from gem_assets.store.home import Home


def test_the_shipped_recipes_can_be_read(home: Home):
    names = {path.stem for path in SHIPPED.glob("*.toml")}
    ablations = {"without_judge", "without_refinement", "without_verification", "other_text"}
    assert names == {"default", "demo", *ablations}
    assert {load_recipe(name, home).name for name in recipe_names(home)} == names


def test_the_default_recipe_leaves_out_demo_offline_and_unjudged(home: Home):
    recipe = load_recipe("default", home)
    assert recipe.leaves_out("demo")
    assert not recipe.leaves_out("wikihow")
    assert recipe.generators == ("model",)
    assert (recipe.stage, recipe.judgement) == ("validated", "passed")


def test_a_recipe_in_the_home_comes_before_a_shipped_one(home: Home):
    own = home.root / "recipes"
    own.mkdir()
    (own / "default.toml").write_text('description = "mine"\ncorpora = ["wiki"]')
    (own / "Bad Name.toml").write_text("")
    recipe = load_recipe("default", home)
    assert recipe.description == "mine"
    assert recipe.leaves_out("other")
    assert "Bad Name" not in recipe_names(home)


def test_a_recipe_can_be_named_by_its_path(home: Home, tmp_path):
    path = tmp_path / "small_one.toml"
    path.write_text('description = "mine"')
    assert load_recipe(str(path), home).name == "small_one"


@pytest.mark.parametrize("name", ["nothing", "../default", "", "Default", "a/b", "x" * 80])
def test_an_unknown_recipe_is_told_with_the_known_ones(home: Home, name: str):
    with pytest.raises(RecipeError, match="default, demo, other_text, without_judge"):
        load_recipe(name, home)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("description = ", "is not TOML"),
        ("", "description"),
        ('description = "x"\nstages = "draft"', "stages"),
        ('description = "x"\nstage = "final"', "stage"),
        ('description = "x"\ngenerators = []', "generators is empty"),
        ('description = "x"\ncorpora = ["../up"]', "cannot name a corpus"),
        ('description = "x"\n[splits]\ntrain = 0.5', "add up to 1"),
        ('description = "x"\n[duplicates]\ndialogue = 2', "duplicates.dialogue"),
    ],
)
def test_a_bad_recipe_is_told_in_one_sentence_with_its_file(home: Home, tmp_path, text: str, told: str):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=told) as raised:
        load_recipe(str(path), home)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value).strip()


def test_a_file_that_is_no_text_and_one_that_is_missing_are_told(home: Home, tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name in ("bytes.toml", "missing.toml"):
        with pytest.raises(RecipeError, match=name):
            load_recipe(str(tmp_path / name), home)
