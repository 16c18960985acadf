#include "expand.h"

namespace {

/// The length of the name at a position.
std::size_t name_length(const std::string &text, std::size_t at)
{
    std::size_t end = at;
    while (end < text.size() && is_name(text[end])) {
        end++;
    }
    return end - at;
}

} // namespace

std::string expand(const std::string &text, const Values &values)
{
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t dollar = text.find('$', at);
        out += text.substr(at, dollar - at);
        if (dollar == std::string::npos) {
            break;
        }
        at = dollar + 1;
        if (at < text.size() && text[at] == '$') {
            out += '$';
            at++;
            continue;
        }
        bool braces = at < text.size() && text[at] == '{';
        std::size_t start = braces ? at + 1 : at;
        std::size_t length = name_length(text, start);
        std::size_t after = start + length;
        std::string otherwise;
        bool is_value = length > 0;
        if (braces && is_value) {
            std::size_t end = text.find('}', after);
            is_value = end != std::string::npos && (end == after || text[after] == ':');
            if (is_value) {
                otherwise = end == after ? "" : text.substr(after + 1, end - after - 1);
                after = end + 1;
            }
        }
        if (is_value) {
            out += values.find(text.substr(start, length)).value_or(otherwise);
            at = after;
        } else {
            out += '$';
        }
    }
    return out;
}
