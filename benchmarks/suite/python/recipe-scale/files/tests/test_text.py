import unittest
from fractions import Fraction

from kitchen import Ingredient, Recipe, format_recipe, parse_ingredient


class TextTest(unittest.TestCase):
    def test_ingredients_are_read(self):
        salt = Ingredient("salt", Fraction(3, 2), "tsp")
        self.assertEqual(parse_ingredient("1 1/2 tsp salt"), salt)
        self.assertEqual(parse_ingredient("pepper"), Ingredient("pepper"))

    def test_a_recipe_is_written(self):
        recipe = Recipe("Soup", 2, (Ingredient("leeks", Fraction(2)), Ingredient("pepper")))
        self.assertEqual(format_recipe(recipe), "Soup (for 2)\n- 2 leeks\n- pepper\n")


if __name__ == "__main__":
    unittest.main()
