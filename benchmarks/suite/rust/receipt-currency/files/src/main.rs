use till::{daily_total, Receipt};

fn main() {
    let mut receipt = Receipt::new("Corner shop");
    receipt.add("Bread", 1, 420);
    receipt.add("Apple", 3, 60);
    receipt.add("Bottle deposit", 2, -25);
    print!("{}", receipt.print());
    println!("{}", daily_total(&[receipt]));
}
