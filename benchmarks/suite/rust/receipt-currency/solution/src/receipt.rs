use crate::money::{format_amount, Currency};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    pub count: u32,
    /// Price of one piece in the smallest unit; negative for a deposit that is paid back.
    pub price: i64,
}

impl Line {
    pub fn total(&self) -> i64 {
        i64::from(self.count) * self.price
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub shop: String,
    pub currency: Currency,
    pub lines: Vec<Line>,
}

impl Receipt {
    pub fn new(shop: &str, currency: Currency) -> Receipt {
        Receipt {
            shop: shop.to_owned(),
            currency,
            lines: Vec::new(),
        }
    }

    pub fn add(&mut self, text: &str, count: u32, price: i64) {
        self.lines.push(Line {
            text: text.to_owned(),
            count,
            price,
        });
    }

    pub fn total(&self) -> i64 {
        self.lines.iter().map(Line::total).sum()
    }

    /// The receipt as it is printed.
    pub fn print(&self) -> String {
        let amount = |minor| format_amount(minor, self.currency);
        let mut text = format!("{}\n", self.shop);
        for line in &self.lines {
            let total = amount(line.total());
            if line.count == 1 {
                text.push_str(&format!("{}  {total}\n", line.text));
            } else {
                let each = amount(line.price);
                text.push_str(&format!("{}  {} x {each}  {total}\n", line.text, line.count));
            }
        }
        text.push_str(&format!("Total  {}\n", amount(self.total())));
        text
    }
}
