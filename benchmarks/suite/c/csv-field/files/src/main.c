#include <stdio.h>

#include "csv.h"

/* Prints the fields of the lines of its input, one on each line. */
int main(void)
{
    char line[1024];
    char field[256];
    while (fgets(line, sizeof line, stdin)) {
        const char *at = line;
        for (;;) {
            at = csv_read_field(at, ';', field, sizeof field);
            printf("[%s]\n", field);
            if (*at != ';') {
                break;
            }
            at++;
        }
    }
    return 0;
}
