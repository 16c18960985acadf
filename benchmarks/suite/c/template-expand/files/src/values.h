#pragma once

#include <map>
#include <optional>
#include <string>

/// The values that a template can name.
class Values {
public:
    void set(const std::string &name, const std::string &value) { values_[name] = value; }

    /// The value of a name, if it has one.
    std::optional<std::string> find(const std::string &name) const;

private:
    std::map<std::string, std::string> values_;
};

/// Whether a character can be part of a name: a letter, a digit or `_`, all of ASCII.
bool is_name(char sign);
