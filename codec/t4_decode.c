/* Code into run lists: one row at a time, and one page at a time with a report of what was bad.
 *
 * What always holds: nothing is read beyond the padding of the page's copy, whatever the octets; a row is good only
 * when its runs add up to the width and nothing but fill stands between it and the EOL that ends it. A bad row is
 * shown as the last good row above it; in MR all rows are bad from a bad one to the next one-dimensional one
 * (T.4 4.2.1). MMR has no EOLs to find the way again: it ends at the first code word that cannot be.
 */
#include "t4_internal.h"

/* A change at the place of the change before it takes both away: a run of 0 joins its neighbours. */
static inline int32_t *push(int32_t *x, int32_t position)
{
    if (__builtin_expect(x[-1] == position, 0))
        return x - 1;
    *x = position;
    return x + 1;
}

static void close_row(t4_runs *row, int32_t *x, int32_t width)
{
    while (x > row->x && x[-1] >= width)
        x--;
    t4_runs_close(row, (int32_t)(x - row->x), width);
}

/* Adds the run's length to *position; false at a code word that cannot be or beyond the width. */
static inline int read_run(t4_reader *reader, int colour, int32_t width, int32_t *position)
{
    for (;;) {
        t4_run_entry entry = colour ? t4_black_entries[reader->bits >> (64 - T4_BLACK_BITS)]
                                    : t4_white_entries[reader->bits >> (64 - T4_WHITE_BITS)];
        if (__builtin_expect(entry.kind == T4_NONE || *position + entry.run > width, 0))
            return 0;
        t4_skip(reader, entry.length);
        *position += entry.run;
        if (entry.kind == T4_TERMINATING)
            return 1;
        t4_refill(reader);
    }
}

int t4_read_1d(t4_reader *outer, int32_t width, t4_runs *row)
{
    t4_reader reader = *outer;
    int32_t *x = row->x;
    int32_t position = 0;
    int good = 0;
    for (;;) {
        t4_refill(&reader);
        for (int i = 0; i < 4; i++) {
            uint32_t pair = t4_pair_entries[0][reader.bits >> (64 - T4_PAIR_BITS)];
            int32_t white = position + (int32_t)(pair & 63), black = white + (int32_t)(pair >> 6 & 63);
            if (!pair || black >= width)
                goto singly;
            t4_skip(&reader, (int32_t)(pair >> 12));
            x[0] = white;
            x[1] = black;
            x += 2;
            position = black;
        }
        continue;
    singly:
        t4_refill(&reader);
        t4_run_entry entry = t4_white_entries[reader.bits >> (64 - T4_WHITE_BITS)];
        if (entry.kind == T4_MAKE_UP && position + entry.run <= width) {
            /* What follows goes on with this run, often as a pair. */
            t4_skip(&reader, entry.length);
            position += entry.run;
            continue;
        }
        if (!read_run(&reader, 0, width, &position))
            break;
        if (position == width) {
            good = 1;
            break;
        }
        x = push(x, position);
        t4_refill(&reader);
        if (!read_run(&reader, 1, width, &position))
            break;
        if (position == width) {
            good = 1;
            break;
        }
        x = push(x, position);
    }
    close_row(row, x, width);
    *outer = reader;
    return good;
}

/* The first entry behind a0 of the colour of *b. */
static inline const int32_t *behind(const int32_t *b, int32_t a0)
{
    for (;;) {
        int passed = (b[0] <= a0) + (b[2] <= a0) + (b[4] <= a0);
        b += 2 * passed;
        if (__builtin_expect(passed < 3, 1))
            return b;
    }
}

/* Branches on the first bits rather than a look-up: what the processor has guessed right costs no wait for memory. */
int t4_read_2d(t4_reader *outer, int32_t width, const t4_runs *above, t4_runs *row)
{
    t4_reader reader = *outer;
    int32_t *x = row->x;
    const int32_t *b = above->x, *end = above->x + above->n;
    int32_t a0 = -1;
    int good = 0;
    for (;;) {
        int32_t delta;
        t4_refill(&reader);
        if (reader.bits >> 63) {
            /* Code words 1: as many changes stand right under those above. */
            int32_t count = reader.bits == ~(uint64_t)0 ? 64 : __builtin_clzll(~reader.bits);
            int32_t left = b < end ? (int32_t)(end - b) + 1 : 1;
            if (count > reader.held)
                count = reader.held;
            if (count >= left) {
                count = left;
                good = 1;
            }
            for (int32_t i = 0; i < count; i += 8)
                memcpy(x + i, b + i, 8 * sizeof *x);
            x += count;
            b += count;
            t4_skip(&reader, count);
            if (good)
                goto end;
            a0 = b[-1];
            if (reader.held < 17)
                continue;
        }
        if (reader.bits >> 62) {
            delta = *b + ((reader.bits >> 61 & 1) ? 1 : -1);
            if (__builtin_expect(delta <= a0 || delta > width, 0))
                goto end;
            a0 = delta;
            *x++ = a0;
            t4_skip(&reader, 3);
            if (a0 == width) {
                good = 1;
                goto end;
            }
            b += b[-1] > a0 ? -1 : 1;
            if (*b <= a0)
                b += 2;
            continue;
        }
        if (reader.bits >> 61) {
            int colour = (int)(x - row->x) & 1;
            int32_t position = a0 < 0 ? 0 : a0;
            uint32_t pair = t4_pair_entries[colour][reader.bits << 3 >> (64 - T4_PAIR_BITS)];
            int32_t first = position + (int32_t)(pair & 63), second = first + (int32_t)(pair >> 6 & 63);
            if (pair && second < width) {
                t4_skip(&reader, 3 + (int32_t)(pair >> 12));
                x[0] = first;
                x[1] = second;
                x += 2;
                a0 = second;
            } else {
                t4_skip(&reader, 3);
                t4_refill(&reader);
                if (!read_run(&reader, colour, width, &position))
                    goto end;
                x = push(x, position);
                t4_refill(&reader);
                if (!read_run(&reader, colour ^ 1, width, &position))
                    goto end;
                x = push(x, position);
                a0 = position;
                if (a0 == width) {
                    good = 1;
                    goto end;
                }
            }
            b = behind(b, a0);
            continue;
        }
        if (reader.bits >> 60) {
            /* Pass. */
            t4_skip(&reader, 4);
            a0 = b[1];
            if (a0 == width) {
                good = 1;
                goto end;
            }
            b += 2;
            continue;
        }
        t4_mode_entry mode = t4_mode_entries[reader.bits >> (64 - T4_MODE_BITS)];
        delta = *b + mode.delta;
        if (__builtin_expect(mode.kind != T4_VERTICAL || delta <= a0 || delta > width, 0))
            goto end;
        t4_skip(&reader, mode.length);
        a0 = delta;
        *x++ = a0;
        if (a0 == width) {
            good = 1;
            goto end;
        }
        b += b[-1] > a0 ? -1 : 1;
        b = behind(b, a0);
    }
end:
    close_row(row, x, width);
    *outer = reader;
    return good;
}

/* 56 bits from `position` on, in the high bits. */
static inline uint64_t peek(const t4_page *page, int64_t position)
{
    return t4_load(page->base + (position >> 3)) << (position & 7);
}

/* The first 1 at or behind `from`; page->total when there is none. */
static int64_t first_one(const t4_page *page, int64_t from)
{
    for (; from < page->total; from += 56) {
        uint64_t bits = peek(page, from) >> 8;
        if (bits) {
            from += __builtin_clzll(bits) - 8;
            return from < page->total ? from : page->total;
        }
    }
    return page->total;
}

/* The position of the last bit of the first EOL at or behind `from`, or -1. *zeros: where its zeros begin. */
static int64_t find_eol(const t4_page *page, int64_t from, int64_t *zeros)
{
    for (int64_t at = from; at < page->total; at += 46) {
        uint64_t clear = ~peek(page, at) & ~(uint64_t)0xff;
        uint64_t run = clear & clear << 1;
        run &= run << 2;
        run &= run << 4;
        run &= run << 3;
        if (run) {
            *zeros = at + __builtin_clzll(run);
            int64_t one = first_one(page, *zeros + 11);
            return one < page->total ? one : -1;
        }
    }
    return -1;
}

int t4_page_open(t4_page *page, const uint8_t *code, size_t length, const t4_form *form, int32_t width)
{
    memset(page, 0, sizeof *page);
    if (form->coding < T4_MH || form->coding > T4_MMR || width < 1 || width > T4_MAX_WIDTH ||
        length > (size_t)1 << 40)
        return T4_BAD_ARGUMENT;
    page->coding = form->coding;
    page->width = width;
    page->total = (int64_t)length * 8;
    page->end = -1;
    page->one_dimensional = form->coding != T4_MMR;
    page->base = malloc(length + T4_PADDING);
    if (!page->base || t4_runs_make(&page->row, width) != T4_OK || t4_runs_make(&page->above, width) != T4_OK)
        return T4_NO_MEMORY;
    if (length)
        memcpy(page->base, code, length);
    memset(page->base + length, 0, T4_PADDING);
    if (form->lsb_first)
        t4_reverse(page->base, length);
    return T4_OK;
}

void t4_page_close(t4_page *page)
{
    free(page->base);
    t4_runs_free(&page->row);
    t4_runs_free(&page->above);
}

static int ended(t4_page *page, int32_t end, int64_t at)
{
    page->end = end;
    page->at = at < page->total ? at : page->total;
    return 0;
}

static int mmr_row(t4_page *page)
{
    t4_reader reader;
    t4_seek(&reader, page->base, page->at);
    if (t4_read_2d(&reader, page->width, &page->above, &page->row)) {
        int64_t at = t4_tell(&reader, page->base);
        if (at <= page->total) {
            page->at = at;
            return 1;
        }
        return ended(page, T4_END_DATA, page->total);
    }
    if (peek(page, page->at) >> 40 == 0x001001 && page->at + 24 <= page->total)
        return ended(page, T4_END_MARK, page->at + 24);
    if (first_one(page, page->at) == page->total)
        return ended(page, T4_END_DATA, page->at);
    int64_t at = t4_tell(&reader, page->base);
    /* A code word that the end of the data cut off cannot be told from a wrong one; it is at most 13 bits long. */
    if (at + 13 > page->total)
        return ended(page, T4_END_DATA, page->total);
    return ended(page, T4_END_CODE, at);
}

/* Stands behind an EOL: takes its tag. */
static void behind_eol(t4_page *page, int64_t at)
{
    page->at = at;
    if (page->coding == T4_MR) {
        page->one_dimensional = (int)(peek(page, at) >> 63);
        page->at++;
    }
}

static int read_between(t4_page *page, int64_t from, int64_t to)
{
    t4_reader reader;
    t4_seek(&reader, page->base, from);
    int good = page->one_dimensional ? t4_read_1d(&reader, page->width, &page->row)
                                     : t4_read_2d(&reader, page->width, &page->above, &page->row);
    int64_t at = t4_tell(&reader, page->base);
    return good && at <= to && first_one(page, at) >= to;
}

static int t4_row(t4_page *page)
{
    if (!page->eols) {
        int64_t zeros, eol = find_eol(page, 0, &zeros);
        if (eol < 0 || !read_between(page, 0, eol - 11)) {
            /* What stands before the first EOL is no row. */
            if (eol < 0)
                return ended(page, T4_END_DATA, page->total);
            behind_eol(page, eol + 1);
        }
        page->eols = 1;
    }
    for (;;) {
        int64_t zeros, from = page->at, eol = find_eol(page, from, &zeros);
        if (eol >= 0 && zeros == from) {
            behind_eol(page, eol + 1);
            if (++page->eols == 3) {
                for (int i = 3; i < 6; i++) {
                    eol = find_eol(page, page->at, &zeros);
                    if (eol < 0 || zeros != page->at)
                        break;
                    behind_eol(page, eol + 1);
                }
                return ended(page, T4_END_MARK, page->at);
            }
            continue;
        }
        if (first_one(page, from) == page->total)
            return ended(page, page->eols >= 2 ? T4_END_MARK : T4_END_DATA, from);
        int follows = !page->suspect || page->one_dimensional;
        /* Zeros that the row's own code took may not be missing from the EOL. */
        int good = follows && read_between(page, from, eol >= 0 ? eol - 11 : page->total);
        page->eols = 1;
        page->bad = !good;
        if (!good) {
            t4_runs_copy(&page->row, &page->above, page->width);
            page->suspect = page->coding == T4_MR;
        } else {
            page->suspect = 0;
        }
        if (eol >= 0)
            behind_eol(page, eol + 1);
        else
            page->at = page->total;
        return 1;
    }
}

int t4_page_row(t4_page *page)
{
    if (page->end >= 0)
        return 0;
    page->bad = 0;
    return page->coding == T4_MMR ? mmr_row(page) : t4_row(page);
}

static int note_bad(t4_report *report, int32_t row)
{
    if ((size_t)report->bad_rows == report->bad_capacity) {
        size_t capacity = report->bad_capacity * 2 + 64;
        int32_t *bad = realloc(report->bad, capacity * sizeof *bad);
        if (!bad)
            return T4_NO_MEMORY;
        report->bad = bad;
        report->bad_capacity = capacity;
    }
    report->bad[report->bad_rows++] = row;
    return T4_OK;
}

void t4_free_report(t4_report *report)
{
    free(report->bad);
    report->bad = NULL;
}

int t4_decode(const uint8_t *code, size_t length, const t4_form *form, int32_t width, int32_t max_rows,
              t4_octets *bits, t4_report *report)
{
    t4_page page;
    memset(report, 0, sizeof *report);
    if (max_rows < 0 || max_rows > T4_MAX_ROWS)
        return T4_BAD_ARGUMENT;
    int result = t4_page_open(&page, code, length, form, width);
    size_t octets = ((size_t)width + 7) / 8;
    int32_t bad_run = 0;
    while (result == T4_OK) {
        /* After the last row asked for, one look more: whether the end mark stands there. */
        int64_t at = page.at;
        if (!t4_page_row(&page))
            break;
        if (report->rows == max_rows) {
            page.at = at;
            break;
        }
        if (bits->capacity < bits->length + octets + 8) {
            /* Twice as much, but not more than the rows asked for can take. */
            size_t want = bits->capacity * 2 + 64 * octets, most = (size_t)max_rows * octets + 8;
            uint8_t *data = realloc(bits->data, want < most ? want : most);
            if (!data) {
                result = T4_NO_MEMORY;
                break;
            }
            bits->data = data;
            bits->capacity = want < most ? want : most;
        }
        t4_runs_paint(&page.row, width, bits->data + bits->length);
        bits->length += octets;
        bad_run = page.bad ? bad_run + 1 : 0;
        if (page.bad)
            result = note_bad(report, report->rows);
        if (bad_run > report->longest_bad_run)
            report->longest_bad_run = bad_run;
        report->rows++;
        t4_runs_swap(&page.row, &page.above);
    }
    report->end = page.end >= 0 ? page.end : T4_END_ROWS;
    report->bits_used = page.at;
    t4_page_close(&page);
    return result;
}

int t4_transcode(const uint8_t *code, size_t length, const t4_form *source, int32_t width, int32_t rows,
                 const t4_form *target, t4_octets *out)
{
    t4_page page;
    t4_writer writer;
    if (rows < 0 || rows > T4_MAX_ROWS)
        return T4_BAD_ARGUMENT;
    int result = t4_writer_make(&writer, target, width, out);
    if (result != T4_OK)
        return result;
    result = t4_page_open(&page, code, length, source, width);
    for (int32_t i = 0; i < rows && result == T4_OK; i++) {
        result = t4_page_row(&page) && !page.bad ? T4_OK : T4_BAD_CODE;
        if (result == T4_OK)
            result = t4_writer_row(&writer, &page.row, &page.above);
        t4_runs_swap(&page.row, &page.above);
    }
    if (result == T4_OK)
        result = t4_writer_end(&writer);
    t4_page_close(&page);
    return result;
}
