#include <exception>
#include <iostream>
#include <string>

#include "expand.h"

static int failed = 0;

static void expect(const std::string &text, const std::string &wanted)
{
    Values values;
    values.set("name", "Ann");
    values.set("name2", "Bob");
    values.set("_x", "under");
    values.set("empty", "");
    values.set("price", "5 $name");
    values.set("brace", "${name}");
    std::string found;
    try {
        found = expand(text, values);
    } catch (const std::exception &error) {
        found = std::string("exception: ") + error.what();
    }
    if (found != wanted) {
        std::cout << "`" << text << "` is `" << found << "`, wanted `" << wanted << "`\n";
        failed++;
    }
}

int main()
{
    // What works today.
    expect("", "");
    expect("plain text, {braces} and }", "plain text, {braces} and }");
    expect("Dear $name!", "Dear Ann!");
    expect("$name2$_x", "Bobunder");
    expect("${name}2", "Ann2");
    expect("${nobody:friend} and ${name:friend}", "friend and Ann");
    expect("cost: $$5", "cost: $5");
    expect("[$nobody][${nobody}]", "[][]");
    // At the end.
    expect("Only today: $$", "Only today: $");
    expect("$$", "$");
    expect("$$$$", "$$");
    expect("$$$", "$$");
    expect("$", "$");
    expect("5 $", "5 $");
    expect("$name", "Ann");
    expect("${name}", "Ann");
    // Braces without their end.
    expect("Dear ${name", "Dear ${name");
    expect("${", "${");
    expect("${name:x", "${name:x");
    expect("${name $name", "${name Ann");
    expect("${ $name2 $$", "${ Bob $");
    // Braces without a name.
    expect("${}", "${}");
    expect("${:x}", "${:x}");
    expect("${a b}", "${a b}");
    expect("${na-me:x} $name", "${na-me:x} Ann");
    expect("${$name}", "${Ann}");
    // A dollar sign before anything else.
    expect("$ 5 $- $\n$.", "$ 5 $- $\n$.");
    expect("$\xc3\xa9 $}", "$\xc3\xa9 $}");
    // The text of a name without a value.
    expect("${nobody:}", "");
    expect("${nobody:a:b}", "a:b");
    expect("${nobody:$name}", "$name");
    expect("${nobody:$$} ${nobody:{x}", "$$ {x");
    expect("${empty:x}", "");
    // Values are not expanded again.
    expect("$price", "5 $name");
    expect("${price}!", "5 $name!");
    expect("${brace}$brace", "${name}${name}");
    expect(std::string("a\0$name", 7), std::string("a\0Ann", 5));
    if (failed) {
        std::cout << failed << " failed\n";
    }
    return failed ? 1 : 0;
}
