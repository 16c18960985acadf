#ifndef CSV_H
#define CSV_H

#include <stddef.h>

/*
 * Reads the field at the beginning of a text: blanks around a field without quotes do not belong
 * to it. At most `size` bytes are written to `out`, with a NUL at the end; what does not fit is
 * cut. Returns where the field ends: at a separator, at the end of the line, or at the NUL.
 */
const char *csv_read_field(const char *text, char separator, char *out, size_t size);

/*
 * Writes a field, in quotes if it has to be. At most `size` bytes are written to `out`, with a NUL
 * at the end. Returns how many characters the whole field needs, without the NUL.
 */
size_t csv_write_field(char *out, size_t size, const char *field, char separator);

#endif
