#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"

static int failed;

#define CHECK(what, found, wanted)                                                  \
    do {                                                                            \
        long found_ = (long)(found), wanted_ = (long)(wanted);                      \
        if (found_ != wanted_) {                                                    \
            printf("%s (line %d): %ld, wanted %ld\n", what, __LINE__, found_, wanted_); \
            failed++;                                                               \
        }                                                                           \
    } while (0)

/* The buffer is in the middle, so that writes beside it are seen. */
enum { MARGIN = 64, LARGEST = 600 };
static unsigned char area[MARGIN + LARGEST + MARGIN];

static void begin(struct ring *ring, size_t size)
{
    memset(area, 0xA5, sizeof area);
    ring_init(ring, area + MARGIN, size);
}

static void check_margins(size_t size)
{
    for (size_t at = 0; at < MARGIN; at++) {
        if (area[at] != 0xA5 || area[MARGIN + size + at] != 0xA5) {
            printf("a byte beside the buffer of %zu was written\n", size);
            failed++;
            return;
        }
    }
}

static void expect(struct ring *ring, const char *wanted)
{
    char out[256] = {0};
    int length = ring_pop(ring, out, sizeof out - 1);
    if (length != (int)strlen(wanted) || memcmp(out, wanted, strlen(wanted)) != 0) {
        printf("popped %d bytes `%.*s`, wanted `%s`\n", length, length < 0 ? 0 : length, out, wanted);
        failed++;
    }
}

static void push(struct ring *ring, const char *text)
{
    CHECK("push", ring_push(ring, text, strlen(text)), 1);
}

static void few(void)
{
    struct ring ring;
    begin(&ring, 16);
    CHECK("an empty ring", ring_pop(&ring, NULL, 0), -1);
    push(&ring, "abc");
    push(&ring, "");
    push(&ring, "de");
    CHECK("count", ring_count(&ring), 3);
    expect(&ring, "abc");
    expect(&ring, "");
    expect(&ring, "de");
    CHECK("count", ring_count(&ring), 0);
    CHECK("dropped", ring.dropped, 0);
    check_margins(16);
}

static void exact(void)
{
    struct ring ring;
    begin(&ring, 8);
    push(&ring, "1234567");
    CHECK("nothing is dropped", ring.dropped, 0);
    push(&ring, "abc");
    CHECK("dropped", ring.dropped, 1);
    push(&ring, "xyz");
    CHECK("two fit exactly", ring.dropped, 1);
    CHECK("count", ring_count(&ring), 2);
    push(&ring, "-");
    CHECK("one goes for a short one", ring.dropped, 2);
    expect(&ring, "xyz");
    expect(&ring, "-");
    CHECK("refused", ring_push(&ring, "12345678", 8), 0);
    push(&ring, "7654321");
    expect(&ring, "7654321");
    CHECK("empty", ring_pop(&ring, NULL, 0), -1);
    check_margins(8);
}

static void refused(void)
{
    struct ring ring;
    begin(&ring, LARGEST);
    static char big[RING_MESSAGE_MAX + 1];
    push(&ring, "kept");
    CHECK("too long", ring_push(&ring, big, sizeof big), 0);
    CHECK("the longest", ring_push(&ring, big, RING_MESSAGE_MAX), 1);
    CHECK("count", ring_count(&ring), 2);
    expect(&ring, "kept");
    CHECK("the longest", ring_pop(&ring, NULL, 0), RING_MESSAGE_MAX);
    check_margins(LARGEST);
}

/* Pushes and pops in an order that looks random, beside a plain list. */
static void against_a_list(size_t size, unsigned seed)
{
    struct ring ring;
    begin(&ring, size);
    static char list[4000][12];
    size_t head = 0, tail = 0, used = 0, dropped = 0;
    for (int step = 0; step < 3000; step++) {
        seed = seed * 1103515245u + 12345u;
        unsigned draw = seed >> 16;
        if (draw % 4 != 0) {
            char text[12];
            size_t length = draw / 4 % 10;
            for (size_t at = 0; at < length; at++) {
                text[at] = (char)('a' + (step + at) % 26);
            }
            text[length] = '\0';
            bool fits = length + 1 <= size;
            if (ring_push(&ring, text, length) != fits) {
                printf("step %d, size %zu: a push of %zu bytes returned %d\n", step, size, length, !fits);
                failed++;
                return;
            }
            if (!fits) {
                continue;
            }
            while (size - used < length + 1) {
                used -= strlen(list[head++]) + 1;
                dropped++;
            }
            strcpy(list[tail++], text);
            used += length + 1;
        } else {
            char out[16] = {0};
            int length = ring_pop(&ring, out, sizeof out - 1);
            int wanted = head == tail ? -1 : (int)strlen(list[head]);
            if (length != wanted || (length > 0 && memcmp(out, list[head], (size_t)length) != 0)) {
                printf("step %d, size %zu: popped %d bytes `%s`, wanted `%s`\n", step, size, length, out,
                       wanted < 0 ? "nothing" : list[head]);
                failed++;
                return;
            }
            if (wanted >= 0) {
                used -= strlen(list[head++]) + 1;
            }
        }
        if (ring_count(&ring) != tail - head || ring.dropped != dropped) {
            printf("step %d, size %zu: %zu messages and %zu dropped, wanted %zu and %zu\n", step, size,
                   ring_count(&ring), ring.dropped, tail - head, dropped);
            failed++;
            return;
        }
    }
    check_margins(size);
}

static void no_end(int signal)
{
    (void)signal;
    static const char text[] = "the ring hangs: a call did not return within 3 seconds\n";
    if (write(STDOUT_FILENO, text, sizeof text - 1) < 0) {
        _exit(3);
    }
    _exit(2);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    signal(SIGALRM, no_end);
    alarm(3);
    few();
    exact();
    refused();
    for (size_t size = 5; size < 60 && failed == 0; size++) {
        against_a_list(size, (unsigned)size * 7);
    }
    if (failed) {
        printf("%d failed\n", failed);
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
