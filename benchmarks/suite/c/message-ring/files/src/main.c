#include <stdio.h>
#include <string.h>

#include "ring.h"

int main(void)
{
    unsigned char buffer[32];
    struct ring ring;
    ring_init(&ring, buffer, sizeof buffer);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!ring_push(&ring, line, strlen(line))) {
            fprintf(stderr, "too long: %s\n", line);
        }
    }
    char out[RING_MESSAGE_MAX + 1];
    int length;
    while ((length = ring_pop(&ring, out, RING_MESSAGE_MAX)) >= 0) {
        printf("%.*s\n", length, out);
    }
    return 0;
}
