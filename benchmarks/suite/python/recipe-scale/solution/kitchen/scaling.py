import math
from dataclasses import replace
from fractions import Fraction

from .recipe import Ingredient, Recipe

LARGER = {"g": "kg", "ml": "l"}
SMALLER = {larger: smaller for smaller, larger in LARGER.items()}


def scaled(recipe: Recipe, servings: int) -> Recipe:
    """The recipe for another number of servings."""
    if servings < 1:
        raise ValueError(f"a recipe is for at least one serving, not {servings}")
    factor = Fraction(servings, recipe.servings)
    ingredients = tuple(scaled_ingredient(item, factor) for item in recipe.ingredients)
    return replace(recipe, servings=servings, ingredients=ingredients)


def scaled_ingredient(item: Ingredient, factor: Fraction) -> Ingredient:
    if item.amount is None:
        return item
    amount, unit = item.amount * factor, item.unit
    if unit == "piece":
        amount = Fraction(math.ceil(amount))
    elif unit in LARGER and amount >= 1000:
        amount, unit = amount / 1000, LARGER[unit]
    elif unit in SMALLER and amount < 1:
        amount, unit = amount * 1000, SMALLER[unit]
    return replace(item, amount=amount, unit=unit)
