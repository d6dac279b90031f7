/* MH and MR: the rows between EOLs, the damaged ones too.
 *
 * What always holds: a row is good only when its runs add up to the width and nothing but fill stands between it and
 * the EOL that ends it. What stands between two EOLs is one row, good or bad; a bad row is shown as the last good one
 * above it, and in MR all rows are bad from a bad one to the next one-dimensional one (T.4 4.2.1). One wrong bit in or
 * beside an EOL neither loses a row nor makes one up (t4_damage.c).
 */
#include "t4_internal.h"

/* Stands behind an EOL: takes its tag. */
void t4_behind_eol(t4_page *page, int64_t at)
{
    page->length = at - page->eol_end;
    page->at = page->eol_end = at;
    if (page->coding == T4_MR) {
        page->one_dimensional = (int)(t4_peek(page, at) >> 63);
        page->at++;
    }
    page->group = page->one_dimensional ? 0 : page->group + 1;
}

/* One more EOL without a row before it. True when it is the third: RTC, of which the rest is taken too. */
static int another_eol(t4_page *page, int64_t behind)
{
    t4_behind_eol(page, behind);
    if (++page->eols < 3)
        return 0;
    for (int i = 3; i < 6; i++) {
        int64_t zeros, eol = t4_find_eol(page, page->at, &zeros);
        if (eol < 0 || zeros != page->at)
            break;
        t4_behind_eol(page, eol + 1);
    }
    t4_ended(page, T4_END_MARK, page->at);
    return 1;
}

/* Where the first row begins. */
static void first_row(t4_page *page)
{
    int64_t zeros, end, behind, eol = t4_find_eol(page, 0, &zeros);
    page->eols = 1;
    if (eol >= 0 && t4_clean_row(page, 0, eol, &end))
        return;
    /* What stands before the first EOL is no row. */
    if (t4_broken_eol(page, 0, &behind))
        t4_behind_eol(page, behind);
    else if (eol >= 0)
        t4_behind_eol(page, eol + 1);
}

static int row_is(t4_page *page, int good, int bad)
{
    page->bad = page->bad_above = bad;
    page->eols = 1;
    page->suspect = !good && page->coding == T4_MR;
    if (!good)
        t4_runs_copy(&page->row, &page->above, page->width);
    return 1;
}

int t4_page_line(t4_page *page)
{
    if (!page->eols)
        first_row(page);
    for (;;) {
        int64_t from = page->at, zeros, end = -1, behind, eol = t4_find_eol(page, from, &zeros);
        int empty = eol >= 0 && zeros == from;
        if (page->coding == T4_MR && page->eol_end && t4_peek(page, page->eol_end) >> 53 == 0) {
            /* The zero that was taken for a tag belongs to the next EOL. */
            int64_t one = t4_first_one(page, page->eol_end + 11);
            if (one < page->total) {
                eol = one;
                empty = 1;
            }
        }
        if (empty) {
            if (t4_lost_row(page, eol)) {
                /* Or it has lost one of the bits it begins with, and these zeros are no EOL. */
                row_is(page, t4_joined_row(page, from, page->eol_end, &eol), 1);
                t4_behind_eol(page, eol + 1);
                return 1;
            }
            if (another_eol(page, eol + 1))
                return 0;
            continue;
        }
        if (t4_first_one(page, from) == page->total) {
            if (t4_lost_last_row(page)) {
                row_is(page, 0, 1);
                page->at = page->total;
                page->eol_end = 0;
                return 1;
            }
            return t4_ended(page, page->eols >= 2 ? T4_END_MARK : T4_END_DATA, from);
        }
        if (!page->suspect || page->one_dimensional) {
            int clean = t4_clean_row(page, from, eol, &end);
            if (clean || (end >= 0 && t4_broken_eol(page, end, &behind) &&
                          (t4_clean_below(page, behind) || t4_rtc_at(page, behind)))) {
                if (clean && eol >= 0)
                    t4_right_end(page, end, &eol);
                row_is(page, 1, 0);
                if (!clean || eol >= 0)
                    t4_behind_eol(page, clean ? eol + 1 : behind);
                else
                    page->at = page->total;
                return 1;
            }
        }
        int good = 0, bad = 1;
        if (t4_late_row(page, eol)) {
            good = 1;
            bad = 0;
        } else if (t4_broken_rtc(page, &behind)) {
            if (another_eol(page, behind))
                return 0;
            continue;
        } else if ((!page->suspect || page->one_dimensional) && t4_joined_row(page, from, zeros, &eol)) {
            good = 1;
        }
        row_is(page, good, bad);
        if (eol >= 0)
            t4_behind_eol(page, eol + 1);
        else
            page->at = page->total;
        return 1;
    }
}

