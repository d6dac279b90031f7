/* What the C files of the coder share: tables, run lists, the bit writer and the bit reader.
 *
 * A run list is the strictly ascending list of the positions at which the colour changes, white first: x[0] is where
 * the first black pixel stands. x[-1] is -1 and x[n] .. x[n + T4_BEHIND - 1] are the width, so that neighbours may be
 * read without a check. A reader's octets are followed by T4_PADDING octets of 0, more than a reader can go past its
 * last octet.
 */
#ifndef PLATEN_T4_INTERNAL_H
#define PLATEN_T4_INTERNAL_H

#include <stdlib.h>
#include <string.h>

#include "t4.h"

enum { T4_NONE = 0, T4_TERMINATING = 1, T4_MAKE_UP = 2 };
enum { T4_VERTICAL = 1, T4_HORIZONTAL = 2, T4_PASS = 3 };
enum { T4_WHITE_BITS = 12, T4_BLACK_BITS = 13, T4_MODE_BITS = 7, T4_PAIR_BITS = 12 };
enum { T4_RUN_WORDS = 2624, T4_PADDING = 64, T4_BEHIND = 8 };

typedef struct {
    uint32_t code;
    uint32_t length;
} t4_run_word;

typedef struct {
    uint16_t run;
    uint8_t length;
    uint8_t kind;
} t4_run_entry;

typedef struct {
    uint8_t kind;
    uint8_t length;
    int8_t delta;
} t4_mode_entry;

extern t4_run_word t4_run_words[2][T4_RUN_WORDS]; /* make-up and terminating word in one, by colour */
extern t4_run_entry t4_white_entries[1 << T4_WHITE_BITS];
extern t4_run_entry t4_black_entries[1 << T4_BLACK_BITS];
extern t4_mode_entry t4_mode_entries[1 << T4_MODE_BITS];

/* A white and a black run shorter than 64, white << 6 | black: code << 6 | bits, at most 20 of them. A shift takes its
 * count from the low six bits, so that these need not be cut out. */
extern uint32_t t4_pair_words[64 * 64];

/* Two terminating words at once, by the colour of the first: first run | second run << 6 | bits << 12; 0 when these
 * bits do not begin with two whole words for runs of 1 .. 63. */
extern uint16_t t4_pair_entries[2][1 << T4_PAIR_BITS];

/* The same behind a code word for horizontal mode: bits | first run << 6 | second run << 11, for runs of 1 .. 31. A shift
 * takes its count from the low six bits: between two look-ups stands one shift and no more. */
extern uint16_t t4_horizontal_entries[2][1 << T4_PAIR_BITS];

static inline uint64_t t4_load(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}

static inline void t4_store(uint8_t *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, 8);
}

/* Run lists. */

typedef struct {
    int32_t *x;
    int32_t n;
    int32_t *memory;
} t4_runs;

int t4_runs_make(t4_runs *runs, int32_t width);
void t4_runs_free(t4_runs *runs);

static inline void t4_runs_close(t4_runs *runs, int32_t n, int32_t width)
{
    runs->n = n;
    for (int32_t i = 0; i < T4_BEHIND; i++)
        runs->x[n + i] = width;
}

static inline void t4_runs_swap(t4_runs *a, t4_runs *b)
{
    t4_runs keep = *a;
    *a = *b;
    *b = keep;
}

void t4_runs_copy(t4_runs *to, const t4_runs *from, int32_t width);
void t4_runs_scan(t4_runs *runs, const uint8_t *row, int32_t width);
/* Up to 7 octets behind the row are written too, with what a next row may overwrite. */
void t4_runs_paint(const t4_runs *runs, int32_t width, uint8_t *row);
void t4_runs_unite(t4_runs *to, const t4_runs *a, const t4_runs *b, int32_t width);
/* place[x]: where position x of `from`, up to its width, comes to stand. */
void t4_runs_scale(t4_runs *to, const t4_runs *from, const int32_t *place, int32_t to_width);
void t4_runs_move(t4_runs *to, const t4_runs *from, int32_t shift, int32_t to_width);

/* Writing code. */

typedef struct {
    uint8_t *p;
    uint64_t bits; /* the lowest `held` of them are not written yet */
    int32_t held;  /* fewer than 8 between two calls of t4_put */
} t4_sink;

/* At most 56 bits at a time. Writes up to 8 octets from sink->p on. */
static inline void t4_put(t4_sink *sink, uint64_t code, uint32_t length)
{
    sink->bits = sink->bits << length | code;
    sink->held += (int32_t)length;
    t4_store(sink->p, sink->bits << 1 << (63 - sink->held));
    sink->p += sink->held >> 3;
    sink->held &= 7;
}

typedef struct {
    t4_sink sink;
    t4_octets *out;
    t4_form form;
    int32_t width;
    int32_t row;
    int32_t guess; /* two-dimensional rows: their changes mostly stand right under those above, and in their order */
} t4_writer;

int t4_octets_room(t4_octets *octets, size_t more);
/* `guess`: so many octets the code may well take. */
int t4_writer_make(t4_writer *writer, const t4_form *form, int32_t width, size_t guess, t4_octets *out);
/* `above` is the row written before; for the first row a white one. */
int t4_writer_row(t4_writer *writer, const t4_runs *runs, const t4_runs *above);
int t4_writer_end(t4_writer *writer);

/* Reading code. */

typedef struct {
    const uint8_t *next;
    uint64_t bits;
    int32_t held;
    const uint8_t *last; /* once `next` is past this, there is nothing left to read */
} t4_reader;

/* Reads from `position` on; the code ends before `end` (both in bits). */
static inline void t4_seek(t4_reader *reader, const uint8_t *base, int64_t position, int64_t end)
{
    reader->last = base + (end >> 3) + 16;
    reader->next = base + (position >> 3);
    reader->bits = t4_load(reader->next) << (position & 7);
    reader->next += 7;
    reader->held = 56 - (int32_t)(position & 7);
}

/* Afterwards at least 56 bits are held. More than are held stand in `bits`; or-ing them in again changes nothing. */
static inline void t4_refill(t4_reader *reader)
{
    reader->bits |= t4_load(reader->next) >> reader->held;
    reader->next += (63 - reader->held) >> 3;
    reader->held |= 56;
}

static inline void t4_skip(t4_reader *reader, int32_t count)
{
    reader->bits <<= count;
    reader->held -= count;
}

static inline int64_t t4_tell(const t4_reader *reader, const uint8_t *base)
{
    return (int64_t)(reader->next - base) * 8 - reader->held;
}

/* One row into `row`; false when the code is wrong. The reader then stands at the code word that is. */
int t4_read_1d(t4_reader *reader, int32_t width, t4_runs *row);
int t4_read_2d(t4_reader *reader, int32_t width, const t4_runs *above, t4_runs *row);

/* A page of code, row by row. */

typedef struct {
    uint8_t *base; /* a copy, most significant bit first, padded */
    int64_t total; /* bits */
    int64_t at;    /* where the next row's code begins */
    int32_t coding, width;
    int64_t eol_end;         /* where the EOL before `at` ends, its tag apart; 0 before the first */
    int32_t one_dimensional; /* the tag of the row at `at` */
    int32_t eols;            /* EOLs since the last row */
    int64_t length;          /* from the EOL before that one to it */
    int64_t shortest, least; /* see survey; 0 while not known */
    int32_t k, group;        /* the same; and rows since the last one-dimensional one */
    int32_t filled;          /* the same */
    int32_t suspect;         /* MR: the row above is bad */
    int32_t end;             /* T4_END_..., -1 while there are rows */
    int32_t bad, bad_above;  /* the row just read; the row above the one at `at` */
    t4_runs row, above, spare;
} t4_page;

int t4_page_open(t4_page *page, const uint8_t *code, size_t length, const t4_form *form, int32_t width);
/* 1: a row is in page->row, and page->bad says whether it is bad; 0: the end, page->end says which. */
int t4_page_row(t4_page *page);
void t4_page_close(t4_page *page);

/* MH and MR, between EOLs. */

/* 56 bits from `position` on, in the high bits. */
static inline uint64_t t4_peek(const t4_page *page, int64_t position)
{
    return t4_load(page->base + (position >> 3)) << (position & 7);
}

int t4_page_line(t4_page *page);
int t4_ended(t4_page *page, int32_t end, int64_t at);
int64_t t4_first_one(const t4_page *page, int64_t from);
int64_t t4_find_eol(const t4_page *page, int64_t from, int64_t *zeros);
int t4_clean_row(t4_page *page, int64_t from, int64_t eol, int64_t *end);
int t4_clean_below(t4_page *page, int64_t at);
int t4_rtc_at(const t4_page *page, int64_t at);
int t4_broken_eol(const t4_page *page, int64_t from, int64_t *behind);
int t4_broken_rtc(t4_page *page, int64_t *behind);
int t4_joined_row(t4_page *page, int64_t from, int64_t zeros, int64_t *eol);
int t4_late_row(t4_page *page, int64_t eol);
void t4_right_end(t4_page *page, int64_t end, int64_t *eol);
int t4_lost_row(t4_page *page, int64_t eol);
int t4_lost_last_row(t4_page *page);

/* Rows of octets, one after the other, as a zlib stream. */

typedef struct {
    t4_octets *result;
    size_t octets; /* of a row */
    uint8_t *p;
    uint64_t bits; /* not written yet, lowest first */
    uint32_t held; /* fewer than 8 between two writes */
    uint32_t distance, distance_bits; /* the code for one row back */
    int far;                          /* whether a row is long enough for one, and near enough */
    size_t copies;                    /* octets that are as those one row back, not written yet */
    uint64_t sum, sums;               /* Adler-32 */
    uint64_t row_sum, row_sums;       /* what the last row that was written out has added to them */
} t4_deflater;

void t4_deflate_init(void);
int t4_deflate_open(t4_deflater *out, size_t octets, t4_octets *result);
/* `above`: the row put before, NULL for the first. */
int t4_deflate_row(t4_deflater *out, const uint8_t *row, const uint8_t *above);
int t4_deflate_close(t4_deflater *out);

#endif
