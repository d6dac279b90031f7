/* Run lists and packed rows into MH, MR and MMR.
 *
 * What always holds: before a row is written there is room for the longest code it can have; MH and MR pages begin
 * with an EOL and each row but the first follows one (T.4 4.1.2); fill stands between a row and the EOL behind it.
 */
#include "t4_internal.h"

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

static void put_1d(t4_writer *w, const t4_runs *runs)
{
    t4_sink sink = w->sink;
    const int32_t *x = runs->x, *last = runs->x + runs->n;
    int32_t before = 0;
    while (x < last) {
        int32_t white = x[0] - before, black = x[1] - x[0];
        before = x[1];
        if ((white | black) >= 64) {
            put_two(&sink, white, black);
            x += 2;
            continue;
        }
        uint64_t pair = t4_pair_words[white << 6 | black];
        uint64_t code = pair >> 5, length = pair & 31;
        x += 2;
        if (x < last && ((x[0] - before) | (x[1] - x[0])) < 64) {
            pair = t4_pair_words[(x[0] - before) << 6 | (x[1] - x[0])];
            code = code << (pair & 31) | pair >> 5;
            length += pair & 31;
            before = x[1];
            x += 2;
        }
        t4_put(&sink, code, (uint32_t)length);
    }
    /* What is left is white; a row that ends black has been written to its end: its last x[1] is the width. */
    if (before < w->width)
        put_run(&sink, 0, w->width - before);
    w->sink = sink;
}

static void put_2d(t4_writer *w, const t4_runs *runs, const t4_runs *above)
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
            b += b[-1] > a0 ? -1 : 1;
            while (*b <= a0)
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

int t4_octets_room(t4_octets *octets, size_t more)
{
    if (octets->capacity - octets->length >= more)
        return T4_OK;
    size_t capacity = octets->capacity + octets->capacity / 2;
    if (capacity < octets->length + more)
        capacity = octets->length + more;
    uint8_t *data = realloc(octets->data, capacity);
    if (!data)
        return T4_NO_MEMORY;
    octets->data = data;
    octets->capacity = capacity;
    return T4_OK;
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
        t4_runs_scan(&runs, bits + (size_t)row * octets, width);
        result = t4_writer_row(&writer, &runs, &above);
        t4_runs_swap(&runs, &above);
    }
    if (result == T4_OK)
        result = t4_writer_end(&writer);
    t4_runs_free(&runs);
    t4_runs_free(&above);
    return result;
}

void t4_free(t4_octets *octets)
{
    free(octets->data);
    memset(octets, 0, sizeof *octets);
}
