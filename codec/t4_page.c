/* A page of code, row by row: the copy that is read, and MMR.
 *
 * What always holds: the work is linear in the octets. MMR has no EOLs to find the way again: it ends at the first code
 * word that cannot be.
 */
#include "t4_internal.h"

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
    page->one_dimensional = 1;
    page->base = malloc(length + T4_PADDING);
    if (!page->base || t4_runs_make(&page->row, width) != T4_OK || t4_runs_make(&page->above, width) != T4_OK ||
        t4_runs_make(&page->spare, width) != T4_OK)
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
    t4_runs_free(&page->spare);
}

int t4_ended(t4_page *page, int32_t end, int64_t at)
{
    page->end = end;
    page->at = at < page->total ? at : page->total;
    return 0;
}

static int mmr_row(t4_page *page)
{
    t4_reader reader;
    t4_seek(&reader, page->base, page->at, page->total);
    if (t4_read_2d(&reader, page->width, &page->above, &page->row)) {
        int64_t at = t4_tell(&reader, page->base);
        if (at <= page->total) {
            page->at = at;
            return 1;
        }
        return t4_ended(page, T4_END_DATA, page->total);
    }
    if (t4_peek(page, page->at) >> 40 == 0x001001 && page->at + 24 <= page->total)
        return t4_ended(page, T4_END_MARK, page->at + 24);
    if (t4_first_one(page, page->at) == page->total)
        return t4_ended(page, T4_END_DATA, page->at);
    int64_t at = t4_tell(&reader, page->base);
    /* A code word that the end of the data cut off cannot be told from a wrong one; it is at most 13 bits long. */
    if (at + 13 > page->total)
        return t4_ended(page, T4_END_DATA, page->total);
    return t4_ended(page, T4_END_CODE, at);
}

int t4_page_row(t4_page *page)
{
    if (page->end >= 0)
        return 0;
    page->bad = 0;
    return page->coding == T4_MMR ? mmr_row(page) : t4_page_line(page);
}
