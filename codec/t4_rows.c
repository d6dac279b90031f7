/* Run lists: made, read from packed rows, painted into them, united, scaled, moved.
 *
 * What always holds: a list is strictly ascending and below the width; see t4_internal.h.
 */
#include "t4_internal.h"

int t4_runs_make(t4_runs *runs, int32_t width)
{
    /* One in front; a list under construction may run past the width, and copies are made in eights. */
    runs->memory = malloc(((size_t)width + 1 + 16 + T4_BEHIND) * sizeof(int32_t));
    if (!runs->memory)
        return T4_NO_MEMORY;
    runs->memory[0] = -1;
    runs->x = runs->memory + 1;
    t4_runs_close(runs, 0, width);
    return T4_OK;
}

void t4_runs_free(t4_runs *runs)
{
    free(runs->memory);
    runs->memory = NULL;
}

void t4_runs_copy(t4_runs *to, const t4_runs *from, int32_t width)
{
    memcpy(to->x, from->x, (size_t)from->n * sizeof(int32_t));
    t4_runs_close(to, from->n, width);
}

void t4_runs_scan(t4_runs *runs, const uint8_t *row, int32_t width)
{
    int32_t *x = runs->x;
    uint64_t carry = 0;
    int32_t base = 0;
    for (; base + 64 <= width; base += 64, row += 8) {
        uint64_t word = t4_load(row);
        uint64_t change = word ^ (word >> 1 | carry);
        carry = word << 63;
        while (change) {
            int first = __builtin_clzll(change);
            *x++ = base + first;
            change ^= (uint64_t)1 << (63 - first);
        }
    }
    int32_t left = width - base;
    if (left > 0) {
        uint64_t word = 0;
        for (int32_t i = 0; i < (left + 7) / 8; i++)
            word |= (uint64_t)row[i] << (56 - 8 * i);
        uint64_t change = (word ^ (word >> 1 | carry)) & ~(uint64_t)0 << (64 - left);
        while (change) {
            int first = __builtin_clzll(change);
            *x++ = base + first;
            change ^= (uint64_t)1 << (63 - first);
        }
    }
    t4_runs_close(runs, (int32_t)(x - runs->x), width);
}

void t4_runs_paint(const t4_runs *runs, int32_t width, uint8_t *row)
{
    const uint64_t all = ~(uint64_t)0;
    int32_t end = 64; /* of the word in hand */
    uint64_t word = 0;
    for (int32_t i = 0; i < runs->n; i += 2) {
        int32_t black = runs->x[i], white = runs->x[i + 1];
        for (; black >= end; end += 64, row += 8) {
            t4_store(row, word);
            word = 0;
        }
        word |= all >> (black & 63);
        if (white < end) {
            word ^= all >> (white & 63);
            continue;
        }
        for (; white >= end && end < width; end += 64, row += 8) {
            t4_store(row, word);
            word = all;
        }
        if (white < end)
            word ^= all >> (white & 63);
    }
    for (; end < width; end += 64, row += 8) {
        t4_store(row, word);
        word = 0;
    }
    t4_store(row, word & all << (end - width));
}

void t4_runs_unite(t4_runs *to, const t4_runs *a, const t4_runs *b, int32_t width)
{
    const int32_t *p = a->x, *q = b->x;
    int32_t n = 0;
    int black = 0, in_a = 0, in_b = 0;
    for (;;) {
        int32_t next = *p < *q ? *p : *q;
        if (next >= width)
            break;
        if (*p == next) {
            in_a ^= 1;
            p++;
        }
        if (*q == next) {
            in_b ^= 1;
            q++;
        }
        if ((in_a | in_b) != black) {
            black ^= 1;
            to->x[n++] = next;
        }
    }
    t4_runs_close(to, n, width);
}

void t4_runs_scale(t4_runs *to, const t4_runs *from, const int32_t *place, int32_t to_width)
{
    int32_t n = 0;
    for (int32_t i = 0; i < from->n; i += 2) {
        int32_t begin = place[from->x[i]], end = place[from->x[i + 1]];
        if (begin >= to_width)
            begin = to_width - 1;
        if (end <= begin)
            end = begin + 1;
        if (n && to->x[n - 1] >= begin)
            n--; /* the white between the two runs is gone */
        else
            to->x[n++] = begin;
        to->x[n++] = end;
    }
    while (n && to->x[n - 1] >= to_width)
        n--;
    t4_runs_close(to, n, to_width);
}

void t4_runs_move(t4_runs *to, const t4_runs *from, int32_t shift, int32_t to_width)
{
    int32_t n = 0;
    for (int32_t i = 0; i < from->n; i += 2) {
        int64_t begin = (int64_t)from->x[i] + shift, end = (int64_t)from->x[i + 1] + shift;
        if (begin < 0)
            begin = 0;
        if (end <= begin)
            continue;
        if (begin >= to_width)
            break;
        to->x[n++] = (int32_t)begin;
        if (end >= to_width)
            break;
        to->x[n++] = (int32_t)end;
    }
    t4_runs_close(to, n, to_width);
}
