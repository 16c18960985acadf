#include "csv.h"

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
