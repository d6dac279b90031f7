/* A quarter turn of a page, from run lists to run lists.
 *
 * What always holds: a column of the page changes its colour in those rows that differ there from the row above. These
 * differences are all that is kept of the page: no more memory than its packed rows would take.
 */
#include "t4_internal.h"

static const t4_form mmr = {.coding = T4_MMR, .k = 1, .return_code = 1};

/* Rows that differ from the one above: which, and the pixels that do, in words, leftmost pixel first. */
typedef struct {
    uint64_t *pixels;
    int32_t *row;
    size_t words; /* of one row */
    size_t count, room;
} differences;

static int note(differences *found, int32_t row, const uint8_t *one, const uint8_t *other)
{
    if (found->count == found->room) {
        size_t more = found->room * 2 + 256;
        uint64_t *pixels = realloc(found->pixels, more * found->words * sizeof *pixels);
        if (pixels)
            found->pixels = pixels;
        int32_t *rows = realloc(found->row, more * sizeof *rows);
        if (rows)
            found->row = rows;
        if (!pixels || !rows)
            return T4_NO_MEMORY;
        found->room = more;
    }
    uint64_t *pixels = found->pixels + found->count * found->words;
    for (size_t i = 0; i < found->words; i++)
        pixels[i] = t4_load(one + 8 * i) ^ t4_load(other + 8 * i);
    found->row[found->count++] = row;
    return T4_OK;
}

/* The differences of rows `first` up to first + rows - 1, where above the first and below the last row there is white. */
static int differ(differences *found, t4_page *page, int32_t rows, int32_t first)
{
    uint8_t *packed = calloc(2, found->words * 8);
    if (!packed)
        return T4_NO_MEMORY;
    uint8_t *one = packed, *other = packed + found->words * 8;
    int result = T4_OK;
    for (int32_t y = 0; y < first + rows && result == T4_OK; y++) {
        if (y == rows)
            t4_runs_close(&page->row, 0, page->width);
        else if (!t4_page_row(page) || page->bad)
            result = T4_BAD_CODE;
        const t4_runs *row = &page->row, *above = &page->above;
        if (result == T4_OK &&
            (row->n != above->n || memcmp(row->x, above->x, (size_t)row->n * sizeof *row->x) != 0)) {
            t4_runs_paint(row, page->width, one);
            if (y >= first)
                result = note(found, y, one, other);
            uint8_t *keep = one;
            one = other;
            other = keep;
        }
        t4_runs_swap(&page->row, &page->above);
    }
    free(packed);
    return result;
}

/* The columns of one word of pixels as run lists: the rightmost one at x[0], the leftmost at x[63]. (To find the lowest
 * bit and to clear it costs half of what the highest does, and the order does not matter.) */
static void collect(const differences *found, size_t word, int32_t rows, int clockwise, uint16_t *x[64])
{
    for (size_t i = 0; i < found->count; i++) {
        size_t at = clockwise ? found->count - 1 - i : i;
        uint64_t pixels = found->pixels[at * found->words + word];
        uint16_t position = (uint16_t)(clockwise ? rows - found->row[at] : found->row[at]);
        while (pixels) {
            *x[__builtin_ctzll(pixels)]++ = position;
            pixels &= pixels - 1;
        }
    }
}

int t4_turn_page(const uint8_t *code, size_t length, int32_t width, int32_t rows, int32_t clockwise, t4_octets *out)
{
    t4_page page;
    t4_writer writer;
    t4_runs row = {0}, above = {0};
    differences found = {0};
    uint16_t *memory = NULL;
    size_t stride = rows > 0 ? (size_t)rows : 0;
    if (rows < 1 || rows > T4_MAX_WIDTH)
        return T4_BAD_ARGUMENT;
    int result = t4_writer_make(&writer, &mmr, rows, length, out);
    if (result != T4_OK)
        return result;
    writer.guess = 1;
    result = t4_page_open(&page, code, length, &mmr, width);
    if (result == T4_OK && (!(memory = malloc(64 * stride * sizeof *memory)) || t4_runs_make(&row, rows) != T4_OK ||
                            t4_runs_make(&above, rows) != T4_OK))
        result = T4_NO_MEMORY;
    found.words = ((size_t)(width > 0 ? width : 0) + 63) / 64;
    if (result == T4_OK)
        result = differ(&found, &page, rows, clockwise ? 1 : 0);
    for (size_t i = 0; i < found.words && result == T4_OK; i++) {
        size_t word = clockwise ? i : found.words - 1 - i;
        int32_t columns = width - (int32_t)word * 64 < 64 ? width - (int32_t)word * 64 : 64;
        uint16_t *x[64];
        for (int32_t column = 0; column < 64; column++)
            x[column] = memory + (size_t)column * stride;
        collect(&found, word, rows, clockwise, x);
        for (int32_t k = 0; k < columns && result == T4_OK; k++) {
            int32_t column = 63 - (clockwise ? k : columns - 1 - k);
            const uint16_t *position = memory + (size_t)column * stride;
            int32_t n = (int32_t)(x[column] - position);
            for (int32_t at = 0; at < n; at++)
                row.x[at] = position[at];
            t4_runs_close(&row, n, rows);
            result = t4_writer_row(&writer, &row, &above);
            t4_runs_swap(&row, &above);
        }
    }
    if (result == T4_OK)
        result = t4_writer_end(&writer);
    free(found.pixels);
    free(found.row);
    free(memory);
    t4_runs_free(&row);
    t4_runs_free(&above);
    t4_page_close(&page);
    return result;
}
