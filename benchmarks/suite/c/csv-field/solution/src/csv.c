#include "csv.h"

#include <stdbool.h>
#include <string.h>

static void add(char *out, size_t size, size_t *length, char sign)
{
    if (*length + 1 < size) {
        out[(*length)++] = sign;
    }
}

const char *csv_read_field(const char *text, char separator, char *out, size_t size)
{
    size_t length = 0;
    while (*text == ' ') {
        text++;
    }
    if (*text == '"') {
        text++;
        while (*text != '\0') {
            if (*text == '"') {
                text++;
                if (*text != '"') {
                    break;
                }
            }
            add(out, size, &length, *text++);
        }
        while (*text == ' ') {
            text++;
        }
    } else {
        size_t end = 0;
        while (*text != '\0' && *text != separator && *text != '\n' && *text != '\r') {
            add(out, size, &length, *text);
            if (*text++ != ' ') {
                end = length;
            }
        }
        length = end;
    }
    if (size > 0) {
        out[length] = '\0';
    }
    return text;
}

static bool needs_quotes(const char *field, char separator)
{
    size_t length = strlen(field);
    if (length == 0) {
        return false;
    }
    return field[0] == ' ' || field[length - 1] == ' ' || strpbrk(field, "\"\r\n") != NULL ||
           strchr(field, separator) != NULL;
}

size_t csv_write_field(char *out, size_t size, const char *field, char separator)
{
    if (field == NULL) {
        field = "";
    }
    size_t written = 0, needed = 0;
    bool quoted = needs_quotes(field, separator);
    if (quoted) {
        add(out, size, &written, '"');
        needed++;
    }
    for (; *field != '\0'; field++) {
        if (*field == '"') {
            add(out, size, &written, '"');
            needed++;
        }
        add(out, size, &written, *field);
        needed++;
    }
    if (quoted) {
        add(out, size, &written, '"');
        needed++;
    }
    if (size > 0) {
        out[written] = '\0';
    }
    return needed;
}
