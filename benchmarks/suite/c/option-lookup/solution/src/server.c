#include "server.h"

#include <limits.h>
#include <stdio.h>

void server_init(struct server *server)
{
    server->port = 8080;
    server->max_clients = 64;
    server->timeout = 30;
}

static bool take(const struct options *options, const char *name, int most, int *value, const char **bad)
{
    int number = 0;
    switch (options_int(options, name, &number)) {
    case OPTION_MISSING:
        return true;
    case OPTION_GOOD:
        if (number >= 0 && number <= most) {
            *value = number;
            return true;
        }
        break;
    case OPTION_BAD:
        break;
    }
    *bad = name;
    return false;
}

bool server_configure(struct server *server, const struct options *options, const char **bad)
{
    struct server next = *server;
    if (!take(options, "port", 65535, &next.port, bad) ||
        !take(options, "max_clients", INT_MAX, &next.max_clients, bad) ||
        !take(options, "timeout", INT_MAX, &next.timeout, bad)) {
        return false;
    }
    *server = next;
    return true;
}

void server_describe(const struct server *server, char *out, size_t size)
{
    char clients[32] = "no limit";
    if (server->max_clients > 0) {
        snprintf(clients, sizeof clients, "at most %d clients", server->max_clients);
    }
    snprintf(out, size, "port %d, %s, timeout %d s", server->port, clients, server->timeout);
}
