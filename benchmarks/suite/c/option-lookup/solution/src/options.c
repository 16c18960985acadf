#include "options.h"

#include <errno.h>
#include <limits.h>
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

enum option_state options_int(const struct options *options, const char *name, int *value)
{
    const char *text = options_text(options, name);
    if (text == NULL) {
        return OPTION_MISSING;
    }
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || errno == ERANGE || number < INT_MIN || number > INT_MAX) {
        return OPTION_BAD;
    }
    if (end[strspn(end, " \t")] != '\0') {
        return OPTION_BAD;
    }
    *value = (int)number;
    return OPTION_GOOD;
}
