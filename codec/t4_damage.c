/* What one wrong bit in or beside an EOL does to the order of the rows, and how it is seen.
 *
 * What always holds: nothing here changes the page for good; each question costs no more than a few readings of the
 * rows around it. A wrong answer costs a row, never more: what is asked here comes up in damaged pages only.
 */
#include "t4_internal.h"

/* The first 1 at or behind `from`; page->total when there is none. */
int64_t t4_first_one(const t4_page *page, int64_t from)
{
    for (; from < page->total; from += 56) {
        uint64_t bits = t4_peek(page, from) >> 8;
        if (bits) {
            from += __builtin_clzll(bits) - 8;
            return from < page->total ? from : page->total;
        }
    }
    return page->total;
}

/* The position of the last bit of the first EOL at or behind `from`, or -1. *zeros: where its zeros begin. */
int64_t t4_find_eol(const t4_page *page, int64_t from, int64_t *zeros)
{
    for (int64_t at = from; at < page->total; at += 46) {
        uint64_t clear = ~t4_peek(page, at) & ~(uint64_t)0xff;
        uint64_t run = clear & clear << 1;
        run &= run << 2;
        run &= run << 4;
        run &= run << 3;
        if (run) {
            *zeros = at + __builtin_clzll(run);
            int64_t one = t4_first_one(page, *zeros + 11);
            return one < page->total ? one : -1;
        }
    }
    return -1;
}

/* Whether an EOL with one of its zeros turned into a 1 stands at `from`: then *behind is the first bit behind it. */
int t4_broken_eol(const t4_page *page, int64_t from, int64_t *behind)
{
    int64_t wrong = t4_first_one(page, from), one = t4_first_one(page, wrong + 1);
    *behind = one + 1;
    return wrong - from <= 10 && one - wrong <= 11 && one - from >= 11 && one < page->total;
}

/* The three least of many numbers, ascending. */
static void keep_least(int64_t least[3], int64_t number)
{
    for (int i = 0; i < 3; i++) {
        if (number < least[i]) {
            int64_t next = least[i];
            least[i] = number;
            number = next;
        }
    }
}

/* Goes over the page's EOLs once. page->shortest: bits of the shortest row whose EOL has no more than eleven zeros,
 * with that EOL: fill, if there is any, goes up to no more than that. page->least: of the shortest row of any kind.
 * page->filled: whether there is fill at all. page->k: the usual distance of one-dimensional rows. The two shortest rows
 * may be the work of a wrong bit. */
static void survey(t4_page *page)
{
    int64_t zeros, eols = 0, aligned = 0, filled = 0;
    int64_t exact[3] = {INT64_MAX, INT64_MAX, INT64_MAX}, least[3] = {INT64_MAX, INT64_MAX, INT64_MAX};
    int32_t distances[32] = {0}, distance = 0;
    int64_t before = t4_find_eol(page, 0, &zeros), eol = before;
    while (eol >= 0 && (eol = t4_find_eol(page, before + 1, &zeros)) >= 0) {
        if (zeros > before + 2) {
            keep_least(least, eol - before);
            if (eol - zeros == 11)
                keep_least(exact, eol - before);
            aligned += (eol & 7) == 7;
            /* Ten zeros at most belong to the row. */
            filled += eol - zeros > 21;
            eols++;
        }
        distance++;
        if (t4_peek(page, eol + 1) >> 63) {
            distances[distance < 32 ? distance : 0]++;
            distance = 0;
        }
        before = eol;
    }
    /* EOLs on octets' borders have more zeros for that reason. */
    page->shortest = aligned * 8 >= eols * 7 ? INT64_MAX : exact[2];
    page->filled = filled > 2 || page->shortest == INT64_MAX;
    page->least = least[2] < INT64_MAX / 4 ? least[2] : INT64_MAX / 4;
    page->k = 1;
    for (int32_t i = 2; i < 32; i++)
        if (distances[i] > distances[page->k])
            page->k = i;
}

/* Reads a row from `from` on, up to the EOL whose last bit is at `eol` (-1: the end of the data). *end: where its code
 * ends, -1 when it is no whole row. True when nothing but fill and EOL follow. */
static int clean_run(const t4_page *page, int64_t from, int64_t eol, const t4_runs *above, t4_runs *row, int64_t *end)
{
    t4_reader reader;
    t4_seek(&reader, page->base, from, eol >= 0 ? eol : page->total);
    int good = above ? t4_read_2d(&reader, page->width, above, row) : t4_read_1d(&reader, page->width, row);
    *end = good ? t4_tell(&reader, page->base) : -1;
    /* Zeros that the row's own code took may not be missing from the EOL. */
    return good && *end <= (eol >= 0 ? eol - 11 : page->total) &&
           t4_first_one(page, *end) >= (eol >= 0 ? eol : page->total);
}

int t4_clean_row(t4_page *page, int64_t from, int64_t eol, int64_t *end)
{
    return clean_run(page, from, eol, page->one_dimensional ? NULL : &page->above, &page->row, end);
}

/* Whether the row that would stand behind an EOL ending before `at` is clean, below page->row. */
int t4_clean_below(t4_page *page, int64_t at)
{
    int64_t unused;
    int tags = page->coding == T4_MR, two_dimensional = tags && !(t4_peek(page, at) >> 63);
    int64_t eol = t4_find_eol(page, at + tags, &unused);
    return clean_run(page, at + tags, eol, two_dimensional ? &page->row : NULL, &page->spare, &unused);
}

/* Whether RTC goes on at `at`: two EOLs, in MR with tag 1, as far as the data go. */
int t4_rtc_at(const t4_page *page, int64_t at)
{
    int tags = page->coding == T4_MR;
    for (int i = 0; i < 2; i++) {
        if (i && at + 12 + tags > page->total)
            return t4_first_one(page, at + tags) == page->total;
        if (t4_peek(page, at + tags) >> 52 != 1 || (tags && !(t4_peek(page, at) >> 63)))
            return 0;
        at += 12 + tags;
    }
    return 1;
}

/* Whether nothing but EOLs, at least two as far as the data go, and fill stand behind an EOL that ends before `at`. */
static int only_eols_at(const t4_page *page, int64_t at)
{
    int tags = page->coding == T4_MR;
    for (int i = 0; i < 2; i++) {
        int64_t zeros, eol = t4_find_eol(page, at + tags, &zeros);
        if (eol < 0)
            return t4_first_one(page, at + tags) == page->total;
        if (zeros > at + tags)
            return 0;
        at = eol + 1;
    }
    return 1;
}

/* In MR, what the tags of the next rows say: more rows than K between two one-dimensional ones betray an EOL made up by
 * a wrong bit. True when they say so; *known is 0 when they say nothing. */
static int too_many_rows(t4_page *page, int64_t eol, int *known)
{
    *known = 0;
    if (!page->shortest)
        survey(page);
    int32_t k = page->k, group = k - page->group;
    if (page->coding != T4_MR || k < 2 || group < 1)
        return 0;
    int as_it_is = 1, one_less = 1;
    for (int32_t distance = 1; distance <= group + k + 1; distance++) {
        int tag = (int)(t4_peek(page, eol + 1) >> 63);
        if (distance == group || distance == group + k)
            as_it_is &= tag;
        if (distance == group + 1 || distance == group + k + 1)
            one_less &= tag;
        int64_t zeros, next = t4_find_eol(page, eol + 2, &zeros);
        if (next < 0 || zeros == eol + 2)
            break;
        eol = next;
    }
    *known = as_it_is != one_less;
    return one_less && !as_it_is;
}

/* A 1 that became 0 can make an EOL where there is none. Puts a 1 in the place of each of its zeros until both its
 * sides together are a row; true when they are: page->row is that row, and *eol the EOL that ends it. */
int t4_joined_row(t4_page *page, int64_t from, int64_t zeros, int64_t *eol)
{
    /* Ten zeros at most on either side of the wrong bit. */
    if (*eol < 0 || *eol - zeros > 21)
        return 0;
    int known;
    int64_t unused, next = t4_find_eol(page, *eol + 1, &unused);
    if (!too_many_rows(page, *eol, &known) && (known || t4_clean_below(page, *eol + 1)))
        return 0;
    for (int64_t at = zeros; at < *eol; at++) {
        uint8_t bit = (uint8_t)(0x80 >> (at & 7));
        page->base[at >> 3] |= bit;
        int good = t4_clean_row(page, from, next, &unused);
        page->base[at >> 3] &= (uint8_t)~bit;
        if (good) {
            *eol = next;
            return 1;
        }
    }
    return 0;
}

/* A zero of the fill that became 1 ends the fill too early: what is left of it and the true EOL's end stand before the
 * row. True when the row behind them is clean. */
int t4_late_row(t4_page *page, int64_t eol)
{
    int64_t one = t4_first_one(page, page->eol_end), unused;
    if (!page->eol_end || one - page->eol_end > 10)
        return 0;
    if (!page->shortest)
        survey(page);
    if (!page->filled)
        return 0;
    int32_t tag = page->one_dimensional;
    int64_t at = one + 1;
    if (page->coding == T4_MR)
        page->one_dimensional = (int)(t4_peek(page, at++) >> 63);
    if ((page->one_dimensional || !page->suspect) && t4_clean_row(page, at, eol, &unused))
        return 1;
    page->one_dimensional = tag;
    return 0;
}

/* Whether an EOL with a wrong bit, or what fill with a wrong bit has left of one, stands right behind another EOL and
 * before a third. */
int t4_broken_rtc(t4_page *page, int64_t *behind)
{
    if (page->one_dimensional && t4_broken_eol(page, page->at, behind) && t4_rtc_at(page, *behind))
        return 1;
    int64_t one = t4_first_one(page, page->eol_end);
    *behind = one + 1;
    if (!page->eol_end || page->bad_above || one - page->eol_end > 10 || !t4_rtc_at(page, one + 1))
        return 0;
    if (page->coding == T4_MH)
        return 1;
    /* A short row looks the same. But fill that ended too early makes the row before it shorter than all others. */
    if (!page->shortest)
        survey(page);
    return page->filled && page->length < page->least;
}

/* The EOL behind a clean row that ends at `end` seems to end at *eol and has more than eleven zeros. Mostly that is fill;
 * but when the row below is not clean, the EOL's 1 may have become 0, so that it seems to end in that row's code: then
 * *eol is put where it ended. */
void t4_right_end(t4_page *page, int64_t end, int64_t *eol)
{
    if (*eol - end == 11 || !page->eol_end)
        return;
    if (!page->shortest)
        survey(page);
    /* Without fill the EOL ends right behind the row; a filled row is as long as other filled ones. */
    int64_t begin = page->eol_end, places[2] = {end + 11, begin + page->least - 1};
    if (*eol - end > 21 && places[1] >= *eol)
        return;
    if (t4_clean_below(page, *eol + 1) || only_eols_at(page, *eol + 1))
        return;
    for (int i = 0; i < 2; i++) {
        int64_t at = places[i];
        if (at >= end + 11 && at < *eol && (!page->filled || at + 1 - begin >= page->least) &&
            t4_clean_below(page, at + 1)) {
            *eol = at;
            return;
        }
    }
}

/* Whether a row should have stood between the last two EOLs: a two-dimensional row can be so short (one bit) that one
 * wrong bit makes it vanish. Otherwise a 1 has got into fill, or RTC begins, whose EOLs take 13 bits each. */
int t4_lost_row(t4_page *page, int64_t eol)
{
    int64_t length = eol + 1 - page->eol_end;
    if (page->coding != T4_MR || !page->eol_end || length <= 13 + page->one_dimensional)
        return 0;
    /* RTC's EOLs, which have tag 1, may have fill between them. */
    if (page->one_dimensional && only_eols_at(page, eol + 1))
        return 0;
    if (!page->shortest)
        survey(page);
    if (!page->one_dimensional && (!page->filled || length >= page->least))
        return 1;
    return page->length >= 2 * page->least - length;
}

/* The same for the last row of a page without RTC. */
int t4_lost_last_row(t4_page *page)
{
    if (page->coding != T4_MR || page->eols != 1 || !page->eol_end || page->at >= page->total ||
        page->at > page->eol_end + 1 || page->one_dimensional)
        return 0;
    if (!page->shortest)
        survey(page);
    return !page->filled || page->length >= 2 * page->least - (page->total - page->eol_end) - 12;
}
