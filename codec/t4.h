/* T.4 and T.6 code, and operations on pages as run lists: the public face of the C part.
 *
 * What always holds: every buffer is bounded, whatever the input; no function keeps state between calls, so that any
 * number of threads may call; a pixel bit of 1 is black; packed rows fill whole octets, leftmost pixel in the most
 * significant bit, unused bits 0. Call t4_init once before anything else.
 * What it must not do: know of files, of Python, or of a clock.
 */
#ifndef PLATEN_T4_H
#define PLATEN_T4_H

#include <stddef.h>
#include <stdint.h>

enum { T4_MH = 0, T4_MR = 1, T4_MMR = 2 };

/* What a function returns. */
enum {
    T4_OK = 0,
    T4_NO_MEMORY = -1,
    T4_BAD_ARGUMENT = -2,
    T4_BAD_CODE = -3 /* a page that must be free of faults is not */
};

/* Why decoding stopped. */
enum {
    T4_END_MARK = 0, /* RTC or EOFB */
    T4_END_DATA = 1, /* no more octets */
    T4_END_ROWS = 2, /* as many rows as were asked for */
    T4_END_CODE = 3  /* MMR only: a code word that cannot be */
};

enum { T4_MAX_WIDTH = 65535, T4_MAX_ROWS = 1000000 };

/* How code is written. */
typedef struct {
    int32_t coding;
    int32_t k;            /* MR: at most k-1 two-dimensional rows after a one-dimensional one; >= 1 */
    int32_t min_row_bits; /* MH, MR: a row with its EOL is filled up to this many bits */
    int32_t return_code;  /* end with RTC or EOFB */
    int32_t eol_aligned;  /* MH, MR: EOLs end on an octet's border */
    int32_t lsb_first;    /* order of the bits in an octet */
} t4_form;

/* Octets that a function made; give them back with t4_free. */
typedef struct {
    uint8_t *data;
    size_t length;
    size_t capacity;
} t4_octets;

typedef struct {
    int32_t rows;            /* bad ones included */
    int32_t bad_rows;
    int32_t longest_bad_run;
    int32_t end;
    int64_t bits_used;       /* up to and with the last thing understood */
    int32_t *bad;            /* which rows are bad, ascending; NULL when none; t4_free_report */
    size_t bad_capacity;
} t4_report;

/* A page made out of another: read in this order. All on run lists. */
typedef struct {
    int32_t first_row;    /* rows to leave out at the top */
    int32_t take_rows;    /* rows to take from there */
    int32_t out_rows;     /* row i of these is made of the rows i * step_in / step_out up to (i + 1) * step_in / */
    int32_t step_in;      /* step_out of those taken, at least of one; where several become one, black wins */
    int32_t step_out;
    int32_t scaled_width; /* the width is stretched or squeezed to this; a black run stays at least 1 wide */
    int32_t shift;        /* then moved right by this many pixels (left when negative) */
    int32_t out_width;    /* and cut or filled with white to this width */
} t4_edit;

void t4_init(void);
void t4_free(t4_octets *octets);
void t4_free_report(t4_report *report);

/* bits: rows * ((width + 7) / 8) octets. */
int t4_encode(const uint8_t *bits, int32_t width, int32_t rows, const t4_form *form, t4_octets *out);

/* Of form, only coding and lsb_first matter. At most max_rows rows. Memory that `bits` brings along is used, and no other
 * when it holds max_rows rows and 8 octets more. */
int t4_decode(const uint8_t *code, size_t length, const t4_form *form, int32_t width, int32_t max_rows,
              t4_octets *bits, t4_report *report);

/* All of source, which must hold exactly `rows` rows and no fault, coded as target says. */
int t4_transcode(const uint8_t *code, size_t length, const t4_form *source, int32_t width, int32_t rows,
                 const t4_form *target, t4_octets *out);

/* The edited page, with the strip (packed rows of edit->out_width pixels) above it when strip_rows > 0.
 * Source and result are MMR with EOFB, most significant bit first. */
int t4_edit_page(const uint8_t *code, size_t length, int32_t width, int32_t rows, const t4_edit *edit,
                 const uint8_t *strip, int32_t strip_rows, t4_octets *out);

/* A small bitmap to be drawn over a page; x and y of its upper left pixel may lie outside. */
typedef struct {
    const uint8_t *bits;
    int32_t width;
    int32_t rows;
    int32_t x;
    int32_t y;
} t4_field;

/* The page with the fields' black pixels added. Source and result as for t4_edit_page. */
int t4_overlay_page(const uint8_t *code, size_t length, int32_t width, int32_t rows, const t4_field *fields,
                    int32_t field_count, t4_octets *out);

/* The first row in which two MMR pages of one geometry differ, or -1 when none does, into *row. */
int t4_first_difference(const uint8_t *one, size_t one_length, const uint8_t *two, size_t two_length, int32_t width,
                        int32_t rows, int32_t *row);

/* An MMR page without its white foot but for keep_rows of it, at least one row; how many rows are left. */
int t4_crop_foot(const uint8_t *code, size_t length, int32_t width, int32_t rows, int32_t keep_rows, t4_octets *out,
                 int32_t *rows_left);

/* The page after a quarter turn: as wide as it had rows, at most T4_MAX_WIDTH. Source and result as for t4_edit_page. */
int t4_turn_page(const uint8_t *code, size_t length, int32_t width, int32_t rows, int32_t clockwise, t4_octets *out);

/* An MMR page in grey: each pixel of the preview is the share of white in a box of box_x by box_y pixels, 0 (black) to
 * 15 (white), two to an octet, and before each row an octet of 0, which in a PNG says that the row is not filtered. Each
 * row stands there `times` times. out: those ceil(rows / box_y) * times rows of 1 + (ceil(width / box_x) + 1) / 2 octets
 * as a zlib stream. */
int t4_preview(const uint8_t *code, size_t length, int32_t width, int32_t rows, int32_t box_x, int32_t box_y,
               int32_t times, t4_octets *out);

/* Octets with their bits in the other order. */
void t4_reverse(uint8_t *data, size_t length);

#endif
