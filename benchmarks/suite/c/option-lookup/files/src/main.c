#include <stdio.h>
#include <string.h>

#include "server.h"

int main(int count, char **words)
{
    struct options options = {0};
    for (int at = 1; at < count; at++) {
        char *value = strchr(words[at], '=');
        if (value == NULL) {
            fprintf(stderr, "usage: server [NAME=VALUE]...\n");
            return 2;
        }
        *value++ = '\0';
        options_set(&options, words[at], value);
    }
    struct server server;
    server_init(&server);
    server_configure(&server, &options);
    char line[128];
    server_describe(&server, line, sizeof line);
    puts(line);
    if (options_int(&options, "verbose") > 0) {
        printf("%zu options\n", options.count);
    }
    return 0;
}
