/* Pages made out of pages, on run lists, without a bitmap of the page.
 *
 * What always holds: source and result are MMR with EOFB, most significant bit first; black wins wherever several
 * pixels become one.
 */
#include "t4_internal.h"

static const t4_form mmr = {.coding = T4_MMR, .k = 1, .return_code = 1};

/* The next row of the page into page->above; the page must be free of faults. */
static int advance(t4_page *page)
{
    if (!t4_page_row(page) || page->bad)
        return T4_BAD_CODE;
    t4_runs_swap(&page->row, &page->above);
    return T4_OK;
}

int t4_edit_page(const uint8_t *code, size_t length, int32_t width, int32_t rows, const t4_edit *edit,
                 const uint8_t *strip, int32_t strip_rows, t4_octets *out)
{
    t4_page page;
    t4_writer writer;
    t4_runs made = {0}, other = {0}, last = {0};
    int32_t *place = NULL;
    int32_t widest = edit->scaled_width > width ? edit->scaled_width : width;
    if (rows < 0 || rows > T4_MAX_ROWS || strip_rows < 0 || strip_rows > T4_MAX_ROWS || edit->first_row < 0 ||
        edit->take_rows < 0 || edit->first_row > rows - edit->take_rows || edit->out_rows < 0 ||
        edit->out_rows > T4_MAX_ROWS || (edit->out_rows && !edit->take_rows) || edit->step_in < 1 ||
        edit->step_out < 1 || edit->scaled_width < 1 ||
        edit->scaled_width > T4_MAX_WIDTH || edit->shift < -T4_MAX_WIDTH || edit->shift > T4_MAX_WIDTH)
        return T4_BAD_ARGUMENT;
    if (edit->out_width > widest)
        widest = edit->out_width;
    int result = t4_writer_make(&writer, &mmr, edit->out_width, length, out);
    if (result != T4_OK)
        return result;
    result = t4_page_open(&page, code, length, &mmr, width);
    if (result == T4_OK && (t4_runs_make(&made, widest) != T4_OK || t4_runs_make(&other, widest) != T4_OK ||
                            t4_runs_make(&last, widest) != T4_OK))
        result = T4_NO_MEMORY;
    if (result == T4_OK)
        t4_runs_close(&last, 0, edit->out_width);
    if (result == T4_OK && edit->scaled_width != width) {
        place = malloc(((size_t)width + 1) * sizeof *place);
        if (!place)
            result = T4_NO_MEMORY;
        for (int32_t x = 0; place && x <= width; x++)
            place[x] = (int32_t)(((int64_t)x * edit->scaled_width + width / 2) / width);
    }
    for (int32_t i = 0; i < strip_rows && result == T4_OK; i++) {
        t4_runs_scan(&made, strip + (size_t)i * (((size_t)edit->out_width + 7) / 8), edit->out_width);
        result = t4_writer_row(&writer, &made, &last);
        t4_runs_swap(&made, &last);
    }
    for (int32_t i = 0; i < edit->first_row && result == T4_OK; i++)
        result = advance(&page);
    int32_t taken = 0;
    int64_t from_before = -1, to_before = -1;
    for (int32_t i = 0; i < edit->out_rows && result == T4_OK; i++) {
        int64_t from = (int64_t)i * edit->step_in / edit->step_out;
        int64_t to = (int64_t)(i + 1) * edit->step_in / edit->step_out;
        if (from >= edit->take_rows)
            from = edit->take_rows - 1;
        if (to > edit->take_rows)
            to = edit->take_rows;
        if (to <= from)
            to = from + 1;
        if (from == from_before && to == to_before) {
            /* The same row again: the last one made stands in `last`. */
            result = t4_writer_row(&writer, &last, &last);
            continue;
        }
        from_before = from;
        to_before = to;
        /* Row `taken - 1` stands in page.above; when stretching it is used again. */
        while (taken <= from && result == T4_OK) {
            result = advance(&page);
            taken++;
        }
        if (result != T4_OK)
            break;
        t4_runs_copy(&made, &page.above, width);
        while (taken < to && result == T4_OK) {
            result = advance(&page);
            taken++;
            if (result == T4_OK) {
                t4_runs_unite(&other, &made, &page.above, width);
                t4_runs_swap(&made, &other);
            }
        }
        if (result != T4_OK)
            break;
        if (edit->scaled_width != width) {
            t4_runs_scale(&other, &made, place, edit->scaled_width);
            t4_runs_swap(&made, &other);
        }
        if (edit->shift || edit->scaled_width != edit->out_width) {
            t4_runs_move(&other, &made, edit->shift, edit->out_width);
            t4_runs_swap(&made, &other);
        }
        result = t4_writer_row(&writer, &made, &last);
        t4_runs_swap(&made, &last);
    }
    if (result == T4_OK)
        result = t4_writer_end(&writer);
    free(place);
    t4_runs_free(&made);
    t4_runs_free(&other);
    t4_runs_free(&last);
    t4_page_close(&page);
    return result;
}

int t4_overlay_page(const uint8_t *code, size_t length, int32_t width, int32_t rows, const t4_field *fields,
                    int32_t field_count, t4_octets *out)
{
    t4_page page;
    t4_writer writer;
    t4_runs made = {0}, other = {0}, last = {0};
    int32_t widest = width;
    if (rows < 0 || rows > T4_MAX_ROWS)
        return T4_BAD_ARGUMENT;
    for (int32_t i = 0; i < field_count; i++) {
        if (fields[i].width < 1 || fields[i].width > T4_MAX_WIDTH || fields[i].rows < 0 ||
            fields[i].rows > T4_MAX_ROWS || abs(fields[i].x) > T4_MAX_ROWS || abs(fields[i].y) > T4_MAX_ROWS)
            return T4_BAD_ARGUMENT;
        widest = fields[i].width > widest ? fields[i].width : widest;
    }
    int result = t4_writer_make(&writer, &mmr, width, length, out);
    if (result != T4_OK)
        return result;
    result = t4_page_open(&page, code, length, &mmr, width);
    if (result == T4_OK && (t4_runs_make(&made, widest) != T4_OK || t4_runs_make(&other, widest) != T4_OK ||
                            t4_runs_make(&last, widest) != T4_OK))
        result = T4_NO_MEMORY;
    if (result == T4_OK)
        t4_runs_close(&last, 0, width);
    t4_runs moved = {0};
    if (result == T4_OK)
        result = t4_runs_make(&moved, widest);
    int drawn = 0;
    for (int32_t row = 0; row < rows && result == T4_OK; row++) {
        result = advance(&page);
        if (result != T4_OK)
            break;
        /* The row written before: of the page itself, which stands in page.row now, or with fields drawn over. */
        const t4_runs *before = drawn ? &last : &page.row, *now = &page.above;
        drawn = 0;
        for (int32_t i = 0; i < field_count; i++) {
            const t4_field *field = &fields[i];
            if (row < field->y || row >= field->y + field->rows)
                continue;
            size_t octets = ((size_t)field->width + 7) / 8;
            t4_runs_scan(&other, field->bits + (size_t)(row - field->y) * octets, field->width);
            t4_runs_move(&moved, &other, field->x, width);
            t4_runs_unite(&other, now, &moved, width);
            t4_runs_swap(&made, &other);
            now = &made;
            drawn = 1;
        }
        result = t4_writer_row(&writer, now, before);
        if (drawn)
            t4_runs_swap(&made, &last);
    }
    if (result == T4_OK)
        result = t4_writer_end(&writer);
    t4_runs_free(&made);
    t4_runs_free(&other);
    t4_runs_free(&last);
    t4_runs_free(&moved);
    t4_page_close(&page);
    return result;
}

int t4_first_difference(const uint8_t *one, size_t one_length, const uint8_t *two, size_t two_length, int32_t width,
                        int32_t rows, int32_t *row)
{
    t4_page a, b;
    if (rows < 0 || rows > T4_MAX_ROWS)
        return T4_BAD_ARGUMENT;
    *row = -1;
    int result = t4_page_open(&a, one, one_length, &mmr, width);
    int other = t4_page_open(&b, two, two_length, &mmr, width);
    if (result == T4_OK)
        result = other;
    for (int32_t i = 0; i < rows && result == T4_OK; i++) {
        result = advance(&a);
        if (result == T4_OK)
            result = advance(&b);
        if (result == T4_OK && (a.above.n != b.above.n ||
                                memcmp(a.above.x, b.above.x, (size_t)a.above.n * sizeof(int32_t)) != 0)) {
            *row = i;
            break;
        }
    }
    t4_page_close(&a);
    t4_page_close(&b);
    return result;
}

int t4_crop_foot(const uint8_t *code, size_t length, int32_t width, int32_t rows, int32_t keep_rows, t4_octets *out,
                 int32_t *rows_left)
{
    t4_page page;
    if (rows < 0 || rows > T4_MAX_ROWS || keep_rows < 0)
        return T4_BAD_ARGUMENT;
    int32_t black = 0, wanted = 1;
    int64_t ends_at = 0;
    int result = t4_page_open(&page, code, length, &mmr, width);
    *rows_left = 0;
    for (int32_t row = 0; row < rows && result == T4_OK; row++) {
        result = advance(&page);
        if (result == T4_OK && page.above.n) {
            black = row + 1;
            wanted = black > rows - keep_rows ? rows : black + keep_rows;
        }
        if (row < wanted) {
            ends_at = page.at;
            *rows_left = row + 1;
        }
    }
    /* A row's code does not depend on what comes below it: what stands before is kept as it is. */
    size_t whole = (size_t)(ends_at >> 3);
    if (result == T4_OK)
        result = t4_octets_room(out, whole + 16);
    if (result == T4_OK) {
        uint64_t rest = ends_at & 7 ? (uint64_t)code[whole] >> (8 - (ends_at & 7)) : 0;
        uint32_t bits = (uint32_t)(ends_at & 7) + 24, spare = -bits & 7;
        rest = (rest << 24 | 0x001001) << spare;
        memcpy(out->data, code, whole);
        t4_store(out->data + whole, rest << (64 - bits - spare));
        out->length = whole + (bits + spare) / 8;
    }
    t4_page_close(&page);
    return result;
}
