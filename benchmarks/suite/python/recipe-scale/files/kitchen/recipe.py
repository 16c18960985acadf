from dataclasses import dataclass
from fractions import Fraction
from typing import Optional, Tuple

UNITS = ("g", "kg", "ml", "l", "tsp", "tbsp", "piece")


@dataclass(frozen=True)
class Ingredient:
    name: str
    amount: Optional[Fraction] = None  # None: to taste
    unit: str = "piece"

    def __post_init__(self):
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit: {self.unit}")


@dataclass(frozen=True)
class Recipe:
    title: str
    servings: int
    ingredients: Tuple[Ingredient, ...]
    steps: Tuple[str, ...] = ()
