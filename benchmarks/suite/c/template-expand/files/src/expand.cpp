#include "expand.h"

std::string expand(const std::string &text, const Values &values)
{
    std::string out;
    std::string rest = text;
    while (!rest.empty()) {
        std::size_t dollar = rest.find('$');
        out += rest.substr(0, dollar);
        if (dollar == std::string::npos) {
            break;
        }
        rest = rest.substr(dollar + 1);
        if (rest[0] == '$') {
            out += '$';
            rest = rest.substr(2);
        } else if (rest[0] == '{') {
            std::size_t end = rest.find('}');
            std::string name = rest.substr(1, end - 1);
            std::size_t colon = name.find(':');
            std::string otherwise;
            if (colon != std::string::npos) {
                otherwise = name.substr(colon + 1);
                name = name.substr(0, colon);
            }
            std::string value = values.find(name).value_or(otherwise);
            rest = value + rest.substr(end + 1);
        } else {
            std::size_t length = 0;
            while (is_name(rest[length])) {
                length++;
            }
            out += values.find(rest.substr(0, length)).value_or("");
            rest = rest.substr(length);
        }
    }
    return out;
}
