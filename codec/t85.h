/* T.85, the fax profile of JBIG (T.82), by way of libjbig: whole pages in memory.
 *
 * What always holds: packed rows as in t4.h; what is made is bounded by max_octets, whatever the input says of itself.
 * What it must not do: T.82 beyond T.85 (several planes, layers, deterministic prediction).
 */
#ifndef PLATEN_T85_H
#define PLATEN_T85_H

#include <stddef.h>
#include <stdint.h>

enum {
    T85_OK = 0,
    T85_NO_MEMORY = -1,
    T85_BAD_CODE = -2, /* no T.85 at all, or wider or longer than allowed */
    T85_CUT_OFF = -3,  /* the rows before the fault are there */
};

typedef struct {
    uint8_t *data;
    size_t length;
    size_t capacity;
    int32_t failed;
} t85_octets;

typedef struct {
    t85_octets bits;
    int64_t width;
    int64_t rows;
    int64_t octets_used;
    int64_t max_width;
    int64_t max_rows;
} t85_image;

void t85_free(t85_octets *octets);
int t85_encode(const uint8_t *bits, int32_t width, int32_t rows, int32_t options, int32_t stripe_rows,
               int32_t at_window, t85_octets *out);
int t85_decode(const uint8_t *code, size_t length, t85_image *image);

#endif
