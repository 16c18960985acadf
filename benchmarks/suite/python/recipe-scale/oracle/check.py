import unittest
from fractions import Fraction

import kitchen
from kitchen import Ingredient, Recipe, format_recipe, parse_ingredient
from kitchen.scaling import scaled


def recipe(servings, *lines):
    return Recipe("Dish", servings, tuple(parse_ingredient(line) for line in lines), ("Stir.",))


def one(line, servings, wanted):
    item = scaled(recipe(servings, line), wanted).ingredients[0]
    return item.amount, item.unit


class Oracle(unittest.TestCase):
    def test_it_is_exported(self):
        self.assertIs(kitchen.scaled, scaled)
        self.assertIn("scaled", kitchen.__all__)

    def test_amounts_are_exact(self):
        self.assertEqual(one("200 g flour", 4, 6), (300, "g"))
        self.assertEqual(one("1 1/2 tsp salt", 4, 3), (Fraction(9, 8), "tsp"))
        self.assertEqual(one("1 tbsp oil", 3, 1), (Fraction(1, 3), "tbsp"))
        self.assertEqual(one("100 ml milk", 3, 7), (Fraction(700, 3), "ml"))

    def test_amounts_stay_fractions(self):
        for line in ["200 g flour", "3 eggs", "2 kg leeks", "900 ml stock"]:
            for servings in (1, 4, 9):
                amount, _ = one(line, 4, servings)
                self.assertIsInstance(amount, Fraction, (line, servings))

    def test_pieces_are_rounded_up(self):
        self.assertEqual(one("3 eggs", 4, 4), (3, "piece"))
        self.assertEqual(one("3 eggs", 4, 5), (4, "piece"))
        self.assertEqual(one("3 eggs", 4, 8), (6, "piece"))
        self.assertEqual(one("1 leek", 4, 1), (1, "piece"))
        self.assertEqual(one("1000 peas", 1, 2), (2000, "piece"))

    def test_units_change_with_the_amount(self):
        self.assertEqual(one("250 g flour", 1, 4), (1, "kg"))
        self.assertEqual(one("250 g flour", 1, 5), (Fraction(5, 4), "kg"))
        self.assertEqual(one("333 g flour", 1, 3), (999, "g"))
        self.assertEqual(one("600 ml milk", 2, 5), (Fraction(3, 2), "l"))
        self.assertEqual(one("2 kg leeks", 4, 1), (500, "g"))
        self.assertEqual(one("2 kg leeks", 4, 2), (1, "kg"))
        self.assertEqual(one("1 l stock", 3, 2), (Fraction(2000, 3), "ml"))
        self.assertEqual(one("3 l stock", 1, 500), (1500, "l"))
        self.assertEqual(one("999 tsp salt", 1, 2), (1998, "tsp"))

    def test_what_has_no_amount_stays_so(self):
        pepper = Ingredient("pepper", None, "g")
        dish = Recipe("Dish", 2, (pepper, Ingredient("salt")))
        self.assertEqual(scaled(dish, 9).ingredients, (pepper, Ingredient("salt")))

    def test_the_rest_is_kept_and_the_old_recipe_too(self):
        old = recipe(4, "200 g flour", "3 eggs", "salt")
        text = format_recipe(old)
        new = scaled(old, 6)
        self.assertEqual((new.title, new.servings, new.steps), ("Dish", 6, ("Stir.",)))
        self.assertIsInstance(new.ingredients, tuple)
        self.assertEqual(format_recipe(new), "Dish (for 6)\n- 300 g flour\n- 5 eggs\n- salt\n")
        self.assertEqual(format_recipe(old), text)

    def test_fewer_than_one_serving_is_refused(self):
        for servings in (0, -1):
            with self.assertRaises(ValueError):
                scaled(recipe(4, "200 g flour"), servings)
