#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

struct server {
    int port;
    int max_clients;
    int timeout; /* seconds */
};

/* A server with its defaults. */
void server_init(struct server *server);

/* Sets what the options `port`, `max_clients` and `timeout` say. */
void server_configure(struct server *server, const struct options *options);

/* Describes the server in a line. */
void server_describe(const struct server *server, char *out, size_t size);

#endif
