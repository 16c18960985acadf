#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_MAX 32

/* Options by name; the texts belong to the caller. */
struct options {
    size_t count;
    const char *names[OPTIONS_MAX];
    const char *values[OPTIONS_MAX];
};

enum option_state {
    OPTION_MISSING,
    OPTION_BAD,
    OPTION_GOOD,
};

/* Sets an option, in place of the value that it had. Returns false if there is no room. */
bool options_set(struct options *options, const char *name, const char *value);

/* The value of an option; NULL if it is not set. */
const char *options_text(const struct options *options, const char *name);

/* The value of an option as a number; `*value` is set only if it is good. */
enum option_state options_int(const struct options *options, const char *name, int *value);

#endif
