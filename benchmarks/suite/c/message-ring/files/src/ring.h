#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A ring of messages. Each has a header of one byte, its length, and up to RING_MESSAGE_MAX bytes.
 * When there is no room for a new message, the oldest ones are dropped: as few as possible.
 */
#define RING_MESSAGE_MAX 255

struct ring {
    unsigned char *bytes;
    size_t size;     /* of the buffer */
    size_t first;    /* where the oldest message begins */
    size_t used;     /* bytes in use, headers included */
    size_t dropped;  /* messages dropped for lack of room, since the beginning */
};

/* Uses a buffer of the caller. */
void ring_init(struct ring *ring, unsigned char *bytes, size_t size);

/*
 * Adds a message. Returns false, and changes nothing, if it is too long for a message or for the
 * whole buffer. A message may be empty, and may fill the buffer exactly.
 */
bool ring_push(struct ring *ring, const void *message, size_t length);

/*
 * Takes the oldest message. Returns its length, or -1 if there is none. At most `room` bytes are
 * copied to `out`; the message is taken all the same.
 */
int ring_pop(struct ring *ring, void *out, size_t room);

/* The number of messages. */
size_t ring_count(const struct ring *ring);

#endif
