#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "server.h"

static int failed;

static void number(const char *text, enum option_state wanted, int value)
{
    struct options options = {0};
    options_set(&options, "other", "7");
    if (text) {
        options_set(&options, "it", text);
    }
    int found = -77;
    enum option_state state = options_int(&options, "it", &found);
    int expected = wanted == OPTION_GOOD ? value : -77;
    if (state != wanted || found != expected) {
        printf("`%s` gives state %d and %d, wanted %d and %d\n", text ? text : "nothing", (int)state, found,
               (int)wanted, expected);
        failed++;
    }
}

static void numbers(void)
{
    char big[32], beyond[32], small[32], below[32];
    snprintf(big, sizeof big, "%d", INT_MAX);
    snprintf(beyond, sizeof beyond, "%lld", (long long)INT_MAX + 1);
    snprintf(small, sizeof small, "%d", INT_MIN);
    snprintf(below, sizeof below, "%lld", (long long)INT_MIN - 1);
    number(NULL, OPTION_MISSING, 0);
    number("0", OPTION_GOOD, 0);
    number("42", OPTION_GOOD, 42);
    number("-42", OPTION_GOOD, -42);
    number("+42", OPTION_GOOD, 42);
    number(" 42 ", OPTION_GOOD, 42);
    number("007", OPTION_GOOD, 7);
    number("", OPTION_BAD, 0);
    number(" ", OPTION_BAD, 0);
    number("-", OPTION_BAD, 0);
    number("x", OPTION_BAD, 0);
    number("42x", OPTION_BAD, 0);
    number("4 2", OPTION_BAD, 0);
    number("0x10", OPTION_BAD, 0);
    number("1.5", OPTION_BAD, 0);
    number("+-1", OPTION_BAD, 0);
    number(big, OPTION_GOOD, INT_MAX);
    number(small, OPTION_GOOD, INT_MIN);
    number(beyond, OPTION_BAD, 0);
    number(below, OPTION_BAD, 0);
    number("99999999999999999999999", OPTION_BAD, 0);
}

static void configure(const char *port, const char *clients, const char *timeout, const char *wanted,
                      const char *wanted_bad)
{
    struct options options = {0};
    if (port) {
        options_set(&options, "port", port);
    }
    if (clients) {
        options_set(&options, "max_clients", clients);
    }
    if (timeout) {
        options_set(&options, "timeout", timeout);
    }
    struct server server;
    server_init(&server);
    const char *bad = "none";
    bool good = server_configure(&server, &options, &bad);
    char line[128];
    server_describe(&server, line, sizeof line);
    if (good != (wanted_bad == NULL) || strcmp(line, wanted) != 0 || (wanted_bad && strcmp(bad, wanted_bad) != 0)) {
        printf("port %s, max_clients %s, timeout %s: %s, bad: %s, `%s`\n    wanted %s, bad: %s, `%s`\n",
               port ? port : "-", clients ? clients : "-", timeout ? timeout : "-", good ? "true" : "false",
               bad ? bad : "NULL", line, wanted_bad ? "false" : "true", wanted_bad ? wanted_bad : "any", wanted);
        failed++;
    }
}

int main(void)
{
    const char *defaults = "port 8080, at most 64 clients, timeout 30 s";
    numbers();
    configure(NULL, NULL, NULL, defaults, NULL);
    configure("80", "5", "1", "port 80, at most 5 clients, timeout 1 s", NULL);
    configure("65535", NULL, "0", "port 65535, at most 64 clients, timeout 0 s", NULL);
    configure(NULL, "0", NULL, "port 8080, no limit, timeout 30 s", NULL);
    configure("0", "0", NULL, "port 0, no limit, timeout 30 s", NULL);
    configure("65536", NULL, NULL, defaults, "port");
    configure("80", "many", "5", defaults, "max_clients");
    configure("80", "-1", "5", defaults, "max_clients");
    configure("80", "7", "5 s", defaults, "timeout");
    configure("-1", "x", "y", defaults, "port");
    configure("", NULL, NULL, defaults, "port");
    if (failed) {
        printf("%d failed\n", failed);
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
