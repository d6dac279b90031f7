/* Whole pages: code into packed rows with a report, and code into other code.
 *
 * What always holds: no more memory is taken than the rows found need.
 */
#include "t4_internal.h"

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
    int result = t4_writer_make(&writer, target, width, length + (size_t)rows * ((size_t)target->min_row_bits / 8), out);
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
