//! Code for tasks where the workspace has too little: a small shop in Python.

/// Paths and texts.
pub(super) const FILES: [(&str, &str); 3] = [
    ("shop/prices.py", PRICES),
    ("shop/orders.py", ORDERS),
    ("shop/stock.py", STOCK),
];

/// Names of functions, and the files that define them, in the order in which they are used.
pub(super) const NAMES: [(&str, &str); 5] = [
    ("price_with_tax", "shop/prices.py"),
    ("order_total", "shop/orders.py"),
    ("reserve_items", "shop/stock.py"),
    ("rounded_price", "shop/prices.py"),
    ("is_order_empty", "shop/orders.py"),
];

const PRICES: &str = r#""""Prices of articles, in cents."""

TAX_PERCENT = 19


def price_with_tax(net):
    """The price that a customer pays."""
    tax = net * TAX_PERCENT / 100
    return rounded_price(net + tax)


def rounded_price(amount):
    """Rounds to whole cents, halves upwards."""
    whole_cents = int(amount + 0.5)
    return max(whole_cents, 0)
"#;

const ORDERS: &str = r#""""Orders: articles and how many of them."""

from shop.prices import price_with_tax


def order_total(order, net_prices):
    """The sum of an order, with tax."""
    total_cents = 0
    for article, count in order.items():
        total_cents += count * price_with_tax(net_prices[article])
    return total_cents


def is_order_empty(order):
    """Whether nothing is ordered."""
    counted_articles = sum(order.values())
    return counted_articles == 0
"#;

const STOCK: &str = r#""""What is in stock."""


def reserve_items(stock, order):
    """Takes the articles of an order out of the stock; false if some are missing."""
    missing_articles = [name for name in order if stock.get(name, 0) < order[name]]
    if missing_articles:
        return False
    for name, count in order.items():
        stock[name] -= count
    return True


def articles_in_stock(stock):
    """Names of the articles that can be ordered, in order of the alphabet."""
    available_names = [name for name, count in stock.items() if count > 0]
    return sorted(available_names)
"#;
