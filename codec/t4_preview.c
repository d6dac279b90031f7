/* Pages in grey and small, for people to look at.
 *
 * What always holds: the pixels at the right and lower edge stand for what is left of the page, and no more.
 */
#include "t4_internal.h"

static const t4_form mmr = {.coding = T4_MMR, .k = 1};

/* Adds the row's black pixels to the boxes' sums. Boxes that fill octets are counted octet by octet, others run by
 * run. */
static void add_row(const t4_runs *runs, int32_t width, int32_t box, uint8_t *packed, int32_t *sums)
{
    static const uint8_t bits_of[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
    if (box == 2 || box == 4 || box == 8) {
        int32_t octets = (width + 7) / 8, each = 8 / box;
        t4_runs_paint(runs, width, packed);
        for (int32_t i = 0; i < octets; i++, sums += each) {
            /* Most of a page is white. */
            while (i + 8 <= octets && !t4_load(packed + i)) {
                i += 8;
                sums += 8 * each;
            }
            unsigned octet = i < octets ? packed[i] : 0;
            if (!octet)
                continue;
            if (box == 8) {
                sums[0] += bits_of[octet >> 4] + bits_of[octet & 15];
            } else if (box == 4) {
                sums[0] += bits_of[octet >> 4];
                sums[1] += bits_of[octet & 15];
            } else {
                sums[0] += bits_of[octet >> 6];
                sums[1] += bits_of[octet >> 4 & 3];
                sums[2] += bits_of[octet >> 2 & 3];
                sums[3] += bits_of[octet & 3];
            }
        }
        return;
    }
    for (int32_t i = 0; i < runs->n; i += 2) {
        int32_t begin = runs->x[i], end = runs->x[i + 1];
        while (begin < end) {
            int32_t at = begin / box, next = (at + 1) * box;
            if (next > end)
                next = end;
            sums[at] += next - begin;
            begin = next;
        }
    }
}

int t4_preview(const uint8_t *code, size_t length, int32_t width, int32_t rows, int32_t box_x, int32_t box_y,
               uint8_t *out)
{
    t4_page page;
    if (rows < 0 || rows > T4_MAX_ROWS || box_x < 1 || box_x > 1024 || box_y < 1 || box_y > 1024)
        return T4_BAD_ARGUMENT;
    int result = t4_page_open(&page, code, length, &mmr, width);
    int32_t columns = result == T4_OK ? (width + box_x - 1) / box_x : 0;
    /* Octets may hold more boxes than there are. */
    int32_t *sums = malloc(((size_t)columns + 8) * sizeof *sums);
    uint8_t *packed = malloc(((size_t)(width > 0 ? width : 0) + 7) / 8 + 16);
    /* By the black pixels of a whole box. */
    uint8_t *greys = malloc((size_t)box_x * (size_t)box_y + 1);
    if (result == T4_OK && (!sums || !packed || !greys))
        result = T4_NO_MEMORY;
    for (int32_t top = 0; top < rows && result == T4_OK; top += box_y) {
        int32_t high = rows - top < box_y ? rows - top : box_y;
        int32_t black = 0, most = box_x * high;
        for (int32_t i = 0; i <= most && (top == 0 || high != box_y); i++)
            greys[i] = (uint8_t)(15 - (i * 15 + most / 2) / most);
        memset(sums, 0, ((size_t)columns + 8) * sizeof *sums);
        for (int32_t y = 0; y < high && result == T4_OK; y++) {
            result = t4_page_row(&page) && !page.bad ? T4_OK : T4_BAD_CODE;
            if (result == T4_OK && page.row.n) {
                add_row(&page.row, width, box_x, packed, sums);
                black = 1;
            }
            t4_runs_swap(&page.row, &page.above);
        }
        size_t octets = ((size_t)columns + 1) / 2;
        *out++ = 0;
        if (!black) {
            memset(out, 0xff, octets);
            out += octets;
            continue;
        }
        /* Behind the last sum there is one of 0. */
        for (int32_t x = 0; x < columns; x += 2)
            *out++ = sums[x] | sums[x + 1] ? (uint8_t)(greys[sums[x]] << 4 | greys[sums[x + 1]]) : 0xff;
        /* The last box may be narrower. */
        int32_t all = (width - (columns - 1) * box_x) * high;
        unsigned last = 15 - (unsigned)((sums[columns - 1] * 15 + all / 2) / all);
        out[-1] = (uint8_t)(columns & 1 ? last << 4 | 15 : (out[-1] & 0xf0u) | last);
    }
    free(greys);
    free(sums);
    free(packed);
    t4_page_close(&page);
    return result;
}
