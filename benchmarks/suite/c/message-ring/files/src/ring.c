#include "ring.h"

#include <string.h>

void ring_init(struct ring *ring, unsigned char *bytes, size_t size)
{
    ring->bytes = bytes;
    ring->size = size;
    ring->first = 0;
    ring->used = 0;
    ring->dropped = 0;
}

/* Writes bytes at a position, around the end of the buffer. */
static void put(struct ring *ring, size_t at, const unsigned char *from, size_t length)
{
    size_t whole = ring->size - at;
    if (length <= whole) {
        memcpy(ring->bytes + at, from, length);
    } else {
        memcpy(ring->bytes + at, from, whole);
        memcpy(ring->bytes, from, length - whole);
    }
}

/* Reads bytes from a position, around the end of the buffer. */
static void get(const struct ring *ring, size_t at, unsigned char *to, size_t length)
{
    size_t whole = ring->size - at;
    if (length <= whole) {
        memcpy(to, ring->bytes + at, length);
    } else {
        memcpy(to, ring->bytes + at, whole);
        memcpy(to + whole, ring->bytes, length - whole);
    }
}

static void drop_oldest(struct ring *ring)
{
    size_t length = ring->bytes[ring->first];
    ring->first = (ring->first + length) % ring->size;
    ring->used -= length + 1;
    ring->dropped++;
}

bool ring_push(struct ring *ring, const void *message, size_t length)
{
    if (length > RING_MESSAGE_MAX || length + 1 > ring->size) {
        return false;
    }
    while (ring->size - ring->used <= length + 1) {
        drop_oldest(ring);
    }
    unsigned char header = (unsigned char)length;
    size_t at = (ring->first + ring->used) % ring->size;
    put(ring, at, &header, 1);
    put(ring, at + 1, message, length);
    ring->used += length + 1;
    return true;
}

int ring_pop(struct ring *ring, void *out, size_t room)
{
    if (ring->used == 0) {
        return -1;
    }
    size_t length = ring->bytes[ring->first];
    size_t start = (ring->first + 1) % ring->size;
    get(ring, start, out, length < room ? length : room);
    ring->first = (start + length) % ring->size;
    ring->used -= length + 1;
    return (int)length;
}

size_t ring_count(const struct ring *ring)
{
    size_t count = 0;
    size_t at = ring->first;
    for (size_t seen = 0; seen < ring->used; count++) {
        size_t length = ring->bytes[at];
        at = (at + length + 1) % ring->size;
        seen += length + 1;
    }
    return count;
}
