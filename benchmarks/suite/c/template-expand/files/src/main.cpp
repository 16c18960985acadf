#include <iostream>
#include <iterator>

#include "expand.h"

/// Expands its input with the values NAME=VALUE of its arguments.
int main(int count, char **words)
{
    Values values;
    for (int at = 1; at < count; at++) {
        std::string word = words[at];
        std::size_t equals = word.find('=');
        values.set(word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1));
    }
    std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    std::cout << expand(text, values);
    return 0;
}
