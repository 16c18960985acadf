#pragma once

#include <string>

#include "values.h"

/// A template with its values in place.
///
/// - `$name` is the value of the longest name that stands there, `${name}` that of the name in
///   braces.
/// - `${name:text}` is the value of the name, or the text if the name has no value. The text goes
///   up to the first `}`, and is taken as it is.
/// - A name without a value is nothing.
/// - `$$` is a dollar sign.
/// - Everything else stays as it is: a dollar sign before anything else or at the end, braces
///   without a name or without their end. Values are not expanded again.
std::string expand(const std::string &text, const Values &values);
