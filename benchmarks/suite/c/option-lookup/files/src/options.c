#include "options.h"

#include <stdlib.h>
#include <string.h>

bool options_set(struct options *options, const char *name, const char *value)
{
    for (size_t at = 0; at < options->count; at++) {
        if (strcmp(options->names[at], name) == 0) {
            options->values[at] = value;
            return true;
        }
    }
    if (options->count == OPTIONS_MAX) {
        return false;
    }
    options->names[options->count] = name;
    options->values[options->count++] = value;
    return true;
}

const char *options_text(const struct options *options, const char *name)
{
    for (size_t at = 0; at < options->count; at++) {
        if (strcmp(options->names[at], name) == 0) {
            return options->values[at];
        }
    }
    return NULL;
}

int options_int(const struct options *options, const char *name)
{
    const char *text = options_text(options, name);
    return text ? atoi(text) : 0;
}
