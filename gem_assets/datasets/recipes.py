"""Recipes: which trajectories make up a data set. A recipe is a TOML file, its name is the file's.

Does not belong here: what is done with a recipe (`choosing`, `build`).
"""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from gem_assets.records.base import Record, content_hash
from gem_assets.store.home import CORPUS_NAME, Home, StoreError
from gem_assets.store.named_files import NamedFiles

SHIPPED = Path(__file__).resolve().parents[1] / "recipes"
RECIPE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class RecipeError(StoreError):
    """A recipe that is missing or cannot be read; the message names file, field and remedy."""


class DuplicateSettings(Record):
    """From which Jaccard similarity on two records count as the same; 0 switches a comparison off."""

    document: float = Field(default=0.8, ge=0, le=1)
    """Word 5-grams of the source text, between different documents."""
    tools: float = Field(default=0.9, ge=0, le=1)
    """Names of tools and parameters, between different documents."""
    dialogue: float = Field(default=0.8, ge=0, le=1)
    """Word 5-grams of all messages but the system's."""


class SplitSettings(Record):
    """Shares of the three splits, and from which similarity on two documents must share one."""

    train: float = Field(default=0.94, ge=0, le=1)
    validation: float = Field(default=0.03, ge=0, le=1)
    test: float = Field(default=0.03, ge=0, le=1)
    similarity: float = Field(default=0.5, gt=0, le=1)

    @model_validator(mode="after")
    def add_up(self) -> Self:
        """Refuse shares that are not one together."""
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError("train, validation and test have to add up to 1")
        return self


class Recipe(Record):
    """What goes into a data set."""

    name: str = Field(pattern=f"^{RECIPE_NAME.pattern}$")
    description: str
    stage: Literal["validated", "refined", "draft"] = "validated"
    """Which asset it takes trajectories from."""
    judgement: Literal["passed", "passed_or_not_run", "ignored"] = "passed"
    """`ignored` also takes what the judge rejected."""
    rules: bool = False
    """Check the rules here, for stages that validation has not seen."""
    generators: tuple[Literal["model", "offline/procedural"], ...] = ("model",)
    corpora: tuple[str, ...] = ()
    """Only these; all where empty."""
    leave_out_corpora: tuple[str, ...] = ()
    decontamination: Literal["reject", "report"] = "reject"
    """`report` keeps what matches a benchmark's texts, and the blocking check then fails."""
    duplicates: DuplicateSettings = DuplicateSettings()
    splits: SplitSettings = SplitSettings()

    @model_validator(mode="after")
    def name_corpora(self) -> Self:
        """Refuse names that no corpus can have, and a recipe that takes nothing."""
        for corpus in (*self.corpora, *self.leave_out_corpora):
            if not CORPUS_NAME.fullmatch(corpus):
                raise ValueError(f"{corpus!r} cannot name a corpus")
        if not self.generators:
            raise ValueError("generators is empty")
        return self

    @property
    def asset(self) -> str:
        """The asset whose records it takes."""
        return f"{self.stage}_trajectories"

    @property
    def version(self) -> str:
        """Hash of everything it says."""
        return content_hash(self.model_dump(mode="json"))

    def leaves_out(self, corpus: str) -> bool:
        """Tell whether nothing of a corpus is wanted."""
        return corpus in self.leave_out_corpora or bool(self.corpora and corpus not in self.corpora)


_FILES = NamedFiles("recipe", SHIPPED, "recipes", RECIPE_NAME, RecipeError)


def recipe_names(home: Home) -> tuple[str, ...]:
    """Name the recipes that are shipped or lie in GEM_HOME/recipes."""
    return _FILES.names(home)


def load_recipe(name: str, home: Home) -> Recipe:
    """Read a recipe by its name (GEM_HOME/recipes comes first) or by the path of a .toml file.

    Raises:
        RecipeError: there is none of that name, or the file does not hold a recipe.
    """
    path = _FILES.find(name, home)
    stem = check_recipe_name(path.stem)
    return _FILES.read(path, lambda told: Recipe.model_validate({"name": stem, **told}))


def check_recipe_name(name: str) -> str:
    """Return a recipe's name, or raise RecipeError where it could not name a file."""
    if not RECIPE_NAME.fullmatch(name):
        raise RecipeError(f"{name!r} cannot name a recipe: use lower-case letters, digits, _ and -")
    return name
