#include "values.h"

#include <cctype>

std::optional<std::string> Values::find(const std::string &name) const
{
    auto found = values_.find(name);
    if (found == values_.end()) {
        return std::nullopt;
    }
    return found->second;
}

bool is_name(char sign) { return std::isalnum(static_cast<unsigned char>(sign)) || sign == '_'; }
