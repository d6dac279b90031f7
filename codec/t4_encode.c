/* Run lists and packed rows into MH, MR and MMR.
 *
 * What always holds: before a row is written there is room for the longest code it can have; MH and MR pages begin
 * with an EOL and each row but the first follows one (T.4 4.1.2); fill stands between a row and the EOL behind it.
 */
#include "t4_internal.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline void put_run(t4_sink *sink, int colour, int32_t run)
{
    while (__builtin_expect(run >= T4_RUN_WORDS, 0)) {
        t4_put(sink, 0x1f, 12);
        run -= 2560;
    }
    t4_run_word word = t4_run_words[colour][run];
    t4_put(sink, word.code, word.length);
}

/* A white and a black run. */
static inline void put_two(t4_sink *sink, int32_t white, int32_t black)
{
    if (__builtin_expect(white >= T4_RUN_WORDS || black >= T4_RUN_WORDS, 0)) {
        put_run(sink, 0, white);
        put_run(sink, 1, black);
        return;
    }
    t4_run_word one = t4_run_words[0][white], two = t4_run_words[1][black];
    t4_put(sink, (uint64_t)one.code << two.length | two.code, one.length + two.length);
}

static void put_fill(t4_sink *sink, int64_t count)
{
    for (; count > 32; count -= 32)
        t4_put(sink, 0, 32);
    if (count > 0)
        t4_put(sink, 0, (uint32_t)count);
}

static int64_t position(const t4_writer *w)
{
    return (int64_t)(w->sink.p - w->out->data) * 8 + w->sink.held;
}

/* Where four pairs of a white and a black run stand in t4_pair_words: x holds their ends, and x[-1] where they begin.
 * False when one of the runs has 64 pixels or more. */
static inline int four_pairs(const int32_t *x, uint32_t at[4])
{
#ifdef __SSE2__
    __m128i left = _mm_sub_epi32(_mm_loadu_si128((const __m128i *)x), _mm_loadu_si128((const __m128i *)(x - 1)));
    __m128i right = _mm_sub_epi32(_mm_loadu_si128((const __m128i *)(x + 4)), _mm_loadu_si128((const __m128i *)(x + 3)));
    __m128i runs = _mm_packs_epi32(left, right);
    if (_mm_movemask_epi8(_mm_cmpgt_epi16(runs, _mm_set1_epi16(63))))
        return 0;
    _mm_storeu_si128((__m128i *)at, _mm_madd_epi16(runs, _mm_set1_epi32(1 << 16 | 64)));
    return 1;
#else
    int32_t longest = 0;
    for (int i = 0; i < 4; i++, x += 2) {
        int32_t white = x[0] - x[-1], black = x[1] - x[0];
        longest |= white | black;
        at[i] = (uint32_t)white << 6 | (uint32_t)black;
    }
    return longest < 64;
#endif
}

/* Two entries of t4_pair_words: their codes in one. */
static inline uint64_t joined(uint32_t one, uint32_t two)
{
    return (uint64_t)(one >> 6) << (two & 63) | two >> 6;
}

static void put_1d(t4_writer *w, const t4_runs *runs)
{
    t4_sink sink = w->sink;
    const int32_t *x = runs->x, *last = runs->x + runs->n;
    int32_t before = 0;
    while (x < last) {
        int32_t white = x[0] - before, black = x[1] - x[0];
        before = x[1];
        x += 2;
        if ((white | black) >= 64) {
            put_two(&sink, white, black);
            continue;
        }
        uint32_t pair = t4_pair_words[white << 6 | black];
        t4_put(&sink, pair >> 6, pair & 63);
        uint32_t at[4];
        while (x + 8 <= last && four_pairs(x, at)) {
            uint32_t one = t4_pair_words[at[0]], two = t4_pair_words[at[1]];
            uint32_t three = t4_pair_words[at[2]], four = t4_pair_words[at[3]];
            /* Both lengths together stay below 64: what stands above them does not get into the sum. */
            uint32_t left = (one + two) & 63, right = (three + four) & 63;
            if (left + right <= 56) {
                t4_put(&sink, joined(one, two) << right | joined(three, four), left + right);
            } else {
                t4_put(&sink, joined(one, two), left);
                t4_put(&sink, joined(three, four), right);
            }
            x += 8;
            before = x[-1];
        }
    }
    /* What is left is white; a row that ends black has been written to its end: its last x[1] is the width. */
    if (before < w->width)
        put_run(&sink, 0, w->width - before);
    w->sink = sink;
}

/* guess: expect the next change above to be the one right behind this one, rather than work out which it is. */
static inline __attribute__((always_inline)) void put_changes(t4_writer *w, const t4_runs *runs, const t4_runs *above,
                                                             int guess)
{
    /* By delta -3 .. 3. */
    static const uint8_t code[7] = {2, 2, 2, 1, 3, 3, 3}, length[7] = {7, 6, 3, 1, 3, 6, 7};
    t4_sink sink = w->sink;
    const int32_t width = w->width, *b = above->x, *a = runs->x;
    int32_t a0 = -1;
    if (runs->n == above->n && (runs == above || !memcmp(a, b, (size_t)runs->n * sizeof *a))) {
        /* Every change right under one, and the row's end too. */
        int32_t left = runs->n + 1;
        for (; left > 32; left -= 32)
            t4_put(&sink, 0xffffffff, 32);
        t4_put(&sink, ((uint64_t)1 << left) - 1, (uint32_t)left);
        w->sink = sink;
        return;
    }
    for (;;) {
        int32_t delta = *a - *b;
        if (b[1] < *a) {
            t4_put(&sink, 1, 4);
            a0 = b[1];
            b += 2;
        } else if (delta >= -3 && delta <= 3) {
            t4_put(&sink, code[delta + 3], length[delta + 3]);
            a0 = *a++;
            if (a0 >= width)
                break;
            /* With such a delta b[-1], left of *b, is not right of a0. */
            if (guess && delta >= -1)
                b++;
            else
                b += b[-1] > a0 ? -1 : 1;
            while (__builtin_expect(*b <= a0, 0))
                b += 2;
        } else {
            int colour = (int)(a - runs->x) & 1;
            int32_t one = *a - (a0 < 0 ? 0 : a0), two = a[1] - a[0];
            if (__builtin_expect(one >= T4_RUN_WORDS || two >= T4_RUN_WORDS, 0)) {
                t4_put(&sink, 1, 3);
                put_run(&sink, colour, one);
                put_run(&sink, colour ^ 1, two);
            } else {
                t4_run_word first = t4_run_words[colour][one], second = t4_run_words[colour ^ 1][two];
                t4_put(&sink, ((uint64_t)1 << first.length | first.code) << second.length | second.code,
                       3 + first.length + second.length);
            }
            a0 = a[1];
            if (a0 >= width)
                break;
            a += 2;
            while (*b <= a0)
                b += 2;
        }
    }
    w->sink = sink;
}

static void put_2d(t4_writer *w, const t4_runs *runs, const t4_runs *above)
{
    if (w->guess)
        put_changes(w, runs, above, 1);
    else
        put_changes(w, runs, above, 0);
}

static int room(t4_writer *w, int64_t more)
{
    w->out->length = (size_t)(w->sink.p - w->out->data);
    int result = t4_octets_room(w->out, (size_t)more);
    if (result == T4_OK)
        w->sink.p = w->out->data + w->out->length;
    return result;
}

static void put_eol(t4_writer *w, int one_dimensional)
{
    if (w->form.eol_aligned)
        put_fill(&w->sink, (12 - (position(w) & 7)) & 7);
    t4_put(&w->sink, 1, 12);
    if (w->form.coding == T4_MR)
        t4_put(&w->sink, (uint64_t)one_dimensional, 1);
}

int t4_writer_make(t4_writer *w, const t4_form *form, int32_t width, size_t guess, t4_octets *out)
{
    memset(w, 0, sizeof *w);
    if (form->coding < T4_MH || form->coding > T4_MMR || form->k < 1 || form->min_row_bits < 0 ||
        form->min_row_bits > 1000000 || width < 1 || width > T4_MAX_WIDTH)
        return T4_BAD_ARGUMENT;
    w->out = out;
    w->form = *form;
    w->width = width;
    int result = t4_octets_room(out, guess + 65536);
    w->sink.p = out->data;
    return result;
}

int t4_writer_row(t4_writer *w, const t4_runs *runs, const t4_runs *above)
{
    /* A run takes at most 26 bits, a mode 7, the EOL with alignment and tag 20; 2560s in long runs 12 bits each; and a
     * put writes up to 8 octets beyond what it adds. */
    int result = room(w, ((int64_t)runs->n + 2) * 5 + w->width / 512 + w->form.min_row_bits / 8 + 64);
    if (result != T4_OK)
        return result;
    if (w->form.coding == T4_MMR) {
        put_2d(w, runs, above);
    } else {
        int one_dimensional = w->form.coding == T4_MH || w->row % w->form.k == 0;
        put_eol(w, one_dimensional);
        int64_t begin = position(w);
        if (one_dimensional)
            put_1d(w, runs);
        else
            put_2d(w, runs, above);
        /* T.4 4.1.3: the row's time is counted with the EOL that ends it. */
        int32_t eol = w->form.coding == T4_MR ? 13 : 12;
        put_fill(&w->sink, w->form.min_row_bits - eol - (position(w) - begin));
    }
    w->row++;
    return T4_OK;
}

int t4_writer_end(t4_writer *w)
{
    int result = room(w, 64);
    if (result != T4_OK)
        return result;
    if (w->form.return_code) {
        if (w->form.coding == T4_MMR) {
            t4_put(&w->sink, 0x001001, 24);
        } else {
            put_eol(w, 1);
            w->form.eol_aligned = 0;
            for (int i = 0; i < 5; i++)
                put_eol(w, 1);
        }
    }
    put_fill(&w->sink, -position(w) & 7);
    w->out->length = (size_t)(w->sink.p - w->out->data);
    if (w->form.lsb_first)
        t4_reverse(w->out->data, w->out->length);
    return T4_OK;
}

int t4_encode(const uint8_t *bits, int32_t width, int32_t rows, const t4_form *form, t4_octets *out)
{
    t4_writer writer;
    t4_runs runs = {0}, above = {0};
    if (rows < 0 || rows > T4_MAX_ROWS)
        return T4_BAD_ARGUMENT;
    int result = t4_writer_make(&writer, form, width, (size_t)rows * ((size_t)width / 64), out);
    if (result == T4_OK && (t4_runs_make(&runs, width) != T4_OK || t4_runs_make(&above, width) != T4_OK))
        result = T4_NO_MEMORY;
    size_t octets = ((size_t)width + 7) / 8;
    for (int32_t row = 0; row < rows && result == T4_OK; row++) {
        const uint8_t *packed = bits + (size_t)row * octets;
        /* Rows of forms, and white ones, are often as the one above. (The two-dimensional codings are quick with those
         * run lists, so that less is won there.) */
        if (form->coding == T4_MH && row && !memcmp(packed, packed - octets, octets)) {
            result = t4_writer_row(&writer, &above, &above);
            continue;
        }
        t4_runs_scan(&runs, packed, width);
        result = t4_writer_row(&writer, &runs, &above);
        t4_runs_swap(&runs, &above);
    }
    if (result == T4_OK)
        result = t4_writer_end(&writer);
    t4_runs_free(&runs);
    t4_runs_free(&above);
    return result;
}
