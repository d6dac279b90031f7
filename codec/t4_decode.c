/* Code words of one row into a run list.
 *
 * What always holds: reading ends a few octets behind reader->last at the latest, and a list never grows past the
 * width, whatever the octets.
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
    while (reader->next <= reader->last) {
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
    return 0;
}

int t4_read_1d(t4_reader *outer, int32_t width, t4_runs *row)
{
    t4_reader reader = *outer;
    int32_t *x = row->x;
    int32_t position = 0;
    int good = 0;
    while (reader.next <= reader.last) {
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
    while (reader.next <= reader.last) {
        int32_t delta;
        t4_refill(&reader);
    held:
        if (reader.bits >> 62 == 2) {
            a0 = *b++;
            *x++ = a0;
            t4_skip(&reader, 1);
            if (a0 == width) {
                good = 1;
                goto end;
            }
        } else if (reader.bits >> 63) {
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
            /* Behind a0 and before the width, in one question. */
            if (__builtin_expect((uint32_t)(delta - a0 - 1) >= (uint32_t)(width - a0 - 1), 0)) {
                good = delta == width;
                if (good)
                    t4_skip(&reader, 3);
                goto end;
            }
            a0 = delta;
            *x++ = a0;
            t4_skip(&reader, 3);
            if (__builtin_expect(b[-1] > a0, 0)) {
                b--;
            } else {
                b++;
                if (*b <= a0)
                    b += 2;
            }
            if (reader.held >= 17)
                goto held;
            continue;
        }
        if (reader.bits >> 61) {
            int colour = (int)(x - row->x) & 1;
            const uint16_t *pairs = t4_horizontal_entries[colour];
            int32_t position = a0 < 0 ? 0 : a0;
            do {
                /* For three of them, and not when too few bits are held: when that is cannot be guessed. */
                t4_refill(&reader);
                for (int i = 0; i < 3; i++) {
                    /* The mode's own bits, 001, are part of the index: they need not be cut out. */
                    uint32_t pair = pairs[(reader.bits >> (61 - T4_PAIR_BITS)) - (1 << T4_PAIR_BITS)];
                    int32_t first = position + (int32_t)(pair >> 6 & 31), second = first + (int32_t)(pair >> 11);
                    if (!pair || second >= width)
                        goto singly;
                    reader.bits = reader.bits << 3 << (pair & 63);
                    reader.held -= 3 + (int32_t)(pair & 63);
                    x[0] = first;
                    x[1] = second;
                    x += 2;
                    position = second;
                    if (reader.bits >> 61 != 1)
                        goto placed;
                }
            } while (reader.next <= reader.last);
            goto placed;
        singly:
            t4_skip(&reader, 3);
            t4_refill(&reader);
            if (!read_run(&reader, colour, width, &position))
                goto end;
            x = push(x, position);
            t4_refill(&reader);
            if (!read_run(&reader, colour ^ 1, width, &position))
                goto end;
            x = push(x, position);
            if (position == width) {
                good = 1;
                goto end;
            }
        placed:
            a0 = position;
            if (*b <= a0) {
                b += 2;
                if (*b <= a0)
                    b = behind(b + 2, a0);
            }
            continue;
        }
        if (reader.bits >> 60) {
            /* Pass, as often as it stands here. */
            int32_t count = (__builtin_clzll((reader.bits ^ 0x1111111111111111u) | 1)) >> 2;
            int32_t most = reader.held >> 2, left = (int32_t)(end - b) >> 1;
            if (count > most)
                count = most;
            if (count > left)
                count = left;
            if (count <= 0) {
                t4_skip(&reader, 4);
                good = b[1] == width;
                a0 = width;
                goto end;
            }
            t4_skip(&reader, 4 * count);
            b += 2 * count;
            a0 = b[-1];
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
