//! `ollacode mcp`: our search for other agents, over stdin and stdout.

mod boundaries;
mod client;
mod eras;
mod finding;
mod hostile;
mod peers;
mod schema;
mod waiting;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::Environment;
use client::Client;

/// The tools, in the order in which they are listed.
const TOOLS: [&str; 8] = [
    "search_codebase",
    "find_symbol",
    "find_references",
    "outline",
    "related_files",
    "read_lines",
    "map",
    "index_status",
];

/// A call of each tool that finds something in [`shop`].
fn calls() -> Vec<(&'static str, Value)> {
    vec![
        (
            "search_codebase",
            json!({"query": "add up the prices", "limit": 3}),
        ),
        ("find_symbol", json!({"name": "total_price"})),
        ("find_references", json!({"name": "total_price"})),
        ("outline", json!({"path": "src/cart.rs"})),
        ("related_files", json!({"path": "src/cart.rs"})),
        (
            "read_lines",
            json!({"path": "src/cart.rs", "start_line": 1, "end_line": 6}),
        ),
        ("map", json!({})),
        ("index_status", json!({})),
    ]
}

/// A workspace with a few files.
fn shop() -> Environment {
    let environment = Environment::new();
    fill(&environment);
    environment
}

fn fill(environment: &Environment) {
    environment.write(
        "src/cart.rs",
        "pub struct Cart {\n    prices: Vec<u32>,\n}\n\nimpl Cart {\n    /// Adds up the prices.\n    \
         pub fn total_price(&self) -> u32 {\n        self.prices.iter().sum()\n    }\n}\n",
    );
    environment.write(
        "src/order.rs",
        "use crate::cart::Cart;\n\npub fn order(cart: &Cart) -> u32 {\n    cart.total_price()\n}\n",
    );
    environment.write(
        "tests/cart.rs",
        "#[test]\nfn an_empty_cart_costs_nothing() {\n    assert_eq!(Cart::new().total_price(), \
         0);\n}\n",
    );
    environment.write("README.md", "# Shop\n\nA shop with a cart.\n");
}

/// The schemas of results, by tool.
fn output_schemas(client: &mut Client) -> BTreeMap<String, Value> {
    let listed = client.request("tools/list", json!({}));
    let tools = listed["result"]["tools"].as_array().expect("tools");
    tools
        .iter()
        .map(|tool| {
            let name = tool["name"].as_str().expect("a name").to_owned();
            (name, tool["outputSchema"].clone())
        })
        .collect()
}
