"""Recipes of the canteen."""

from .recipe import Ingredient, Recipe
from .scaling import scaled
from .text import format_recipe, parse_ingredient

__all__ = ["Ingredient", "Recipe", "format_recipe", "parse_ingredient", "scaled"]
