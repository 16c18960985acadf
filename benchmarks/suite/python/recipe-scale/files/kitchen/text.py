from fractions import Fraction

from .recipe import UNITS, Ingredient, Recipe


def parse_ingredient(line: str) -> Ingredient:
    """Reads `1 1/2 tsp salt`, `2 eggs` or `pepper`."""
    words = line.split()
    amount = None
    while words and words[0][0].isdigit():
        amount = (amount or Fraction(0)) + Fraction(words.pop(0))
    unit = "piece"
    if amount is not None and words and words[0] in UNITS:
        unit = words.pop(0)
    return Ingredient(" ".join(words), amount, unit)


def format_amount(amount: Fraction) -> str:
    whole, rest = divmod(amount, 1)
    if not rest:
        return str(whole)
    return f"{whole} {rest}" if whole else str(rest)


def format_recipe(recipe: Recipe) -> str:
    lines = [f"{recipe.title} (for {recipe.servings})"]
    for item in recipe.ingredients:
        if item.amount is None:
            lines.append(f"- {item.name}")
        elif item.unit == "piece":
            lines.append(f"- {format_amount(item.amount)} {item.name}")
        else:
            lines.append(f"- {format_amount(item.amount)} {item.unit} {item.name}")
    return "\n".join(lines) + "\n"
