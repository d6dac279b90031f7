/* Pages in grey and small, for people to look at.
 *
 * What always holds: the pixels at the right and lower edge stand for what is left of the page, and no more.
 */
#include "t4_internal.h"

static const t4_form mmr = {.coding = T4_MMR, .k = 1};

/* Black pixels in boxes side by side, by what they have more than the box to the left: a change of colour says so in two
 * boxes, however long its run is. */
typedef struct {
    int32_t *more;
    int32_t columns, room, box;
    uint64_t reciprocal; /* x * reciprocal >> 32 is x / box for any x of a row */
} boxes;

/* `times` rows like this one. */
static void add_row(const boxes *to, const t4_runs *runs, int32_t times)
{
    /* One odd change: the row ends black. */
    for (int32_t i = 0; i < runs->n + (runs->n & 1); i++, times = -times) {
        int32_t x = runs->x[i];
        int32_t at = (int32_t)((uint64_t)x * to->reciprocal >> 32), inside = x - at * to->box;
        to->more[at] += times * (to->box - inside);
        to->more[at + 1] += times * inside;
    }
}

/* A row of the preview, and the boxes empty again. grey: by the black pixels of a whole box; last_all: pixels of the
 * last one. */
static void draw(const boxes *from, const uint8_t *grey, int32_t last_all, uint8_t *row)
{
    int32_t black = 0, *more = from->more;
    *row++ = 0;
    for (int32_t column = 0; column < from->columns; column += 8) {
        uint64_t any = 0, two;
        for (int i = 0; i < 8; i += 2) {
            memcpy(&two, more + column + i, 8);
            any |= two;
        }
        if (!any && column + 8 < from->columns) {
            /* Most of a page is white, or goes on as it was. */
            memset(row, grey[black] * 0x11, 4);
            row += 4;
            continue;
        }
        for (int i = 0; i < 8 && column + i < from->columns; i += 2) {
            black += more[column + i];
            unsigned left = grey[black];
            black += more[column + i + 1];
            /* Behind the last box none is read. */
            unsigned right = column + i + 1 < from->columns ? grey[black] : 15;
            if (column + i + 2 >= from->columns) {
                int32_t sum = column + i + 1 < from->columns ? black : black - more[column + i + 1];
                unsigned last = 15 - (unsigned)((sum * 15 + last_all / 2) / last_all);
                if (column + i + 1 < from->columns)
                    right = last;
                else
                    left = last;
            }
            *row++ = (uint8_t)(left << 4 | right);
        }
    }
    memset(more, 0, (size_t)from->room * sizeof *more);
}

int t4_preview(const uint8_t *code, size_t length, int32_t width, int32_t rows, int32_t box_x, int32_t box_y,
               int32_t times, t4_octets *out)
{
    t4_page page;
    t4_deflater deflater;
    if (rows < 0 || rows > T4_MAX_ROWS || box_x < 1 || box_x > 1024 || box_y < 1 || box_y > 1024 || times < 1 ||
        times > 1024)
        return T4_BAD_ARGUMENT;
    int result = t4_page_open(&page, code, length, &mmr, width);
    boxes sums = {.box = box_x, .reciprocal = ((uint64_t)1 << 32) / (uint64_t)box_x + 1};
    sums.columns = result == T4_OK ? (width + box_x - 1) / box_x : 0;
    sums.room = sums.columns + 16;
    sums.more = calloc((size_t)sums.room, sizeof *sums.more);
    size_t octets = 1 + ((size_t)sums.columns + 1) / 2;
    uint8_t *drawn = malloc(2 * (octets + 8)), *row = drawn, *above = NULL;
    /* By the black pixels of a whole box. */
    uint8_t *grey = malloc((size_t)box_x * (size_t)box_y + 1);
    if (result == T4_OK && (!sums.more || !drawn || !grey))
        result = T4_NO_MEMORY;
    if (result == T4_OK)
        result = t4_deflate_open(&deflater, octets, out);
    for (int32_t top = 0; top < rows && result == T4_OK; top += box_y) {
        int32_t high = rows - top < box_y ? rows - top : box_y, same = 0, most = box_x * high;
        for (int32_t i = 0; i <= most && (top == 0 || high != box_y); i++)
            grey[i] = (uint8_t)(15 - (i * 15 + most / 2) / most);
        for (int32_t y = 0; y < high && result == T4_OK; y++) {
            result = t4_page_row(&page) && !page.bad ? T4_OK : T4_BAD_CODE;
            if (result != T4_OK)
                break;
            /* Rows that are alike are counted in one. */
            if (same && (page.row.n != page.above.n ||
                         memcmp(page.row.x, page.above.x, (size_t)page.row.n * sizeof *page.row.x) != 0)) {
                add_row(&sums, &page.above, same);
                same = 0;
            }
            same++;
            t4_runs_swap(&page.row, &page.above);
        }
        if (result != T4_OK)
            break;
        add_row(&sums, &page.above, same);
        draw(&sums, grey, (width - (sums.columns - 1) * box_x) * high, row);
        for (int32_t i = 0; i < times && result == T4_OK; i++) {
            result = t4_deflate_row(&deflater, row, i ? row : above);
        }
        above = row;
        row = row == drawn ? drawn + octets + 8 : drawn;
    }
    if (result == T4_OK)
        result = t4_deflate_close(&deflater);
    free(grey);
    free(sums.more);
    free(drawn);
    t4_page_close(&page);
    return result;
}
