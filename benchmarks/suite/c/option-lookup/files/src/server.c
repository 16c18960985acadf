#include "server.h"

#include <stdio.h>

void server_init(struct server *server)
{
    server->port = 8080;
    server->max_clients = 64;
    server->timeout = 30;
}

void server_configure(struct server *server, const struct options *options)
{
    int port = options_int(options, "port");
    if (port > 0) {
        server->port = port;
    }
    int max_clients = options_int(options, "max_clients");
    if (max_clients > 0) {
        server->max_clients = max_clients;
    }
    int timeout = options_int(options, "timeout");
    if (timeout > 0) {
        server->timeout = timeout;
    }
}

void server_describe(const struct server *server, char *out, size_t size)
{
    snprintf(out, size, "port %d, at most %d clients, timeout %d s", server->port, server->max_clients,
             server->timeout);
}
