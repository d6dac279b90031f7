/* Feeds the C part of the coder with mutated code and looks for what may not be. Built with sanitizers by bench/fuzz.py.
 *
 *     fuzz_coder SEED FIRST COUNT FILE...
 *
 * A file holds one input: a line "coding width rows lsb" and the code. Input number n of a seed is the same on every
 * run, so that FIRST n and COUNT 1 repeat it. What must hold for any octets is written in `check`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t4_internal.h"
#include "t85.h"

enum { MAX_FILES = 256, MAX_LENGTH = 1 << 16, T85_CODE = 3 };

typedef struct {
    int coding, width, rows, lsb;
    size_t length;
    uint8_t *code;
} input;

static input files[MAX_FILES];
static int file_count;
static uint64_t state;
static unsigned long long number;

static uint32_t chance(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? (uint32_t)((state * 0x2545f4914f6cdd1dull) >> 33) % below : 0;
}

static void check(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "input %llu: %s does not hold\n", number, what);
        abort();
    }
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    input *in = &files[file_count++];
    check(file != NULL && file_count <= MAX_FILES, "readable input files");
    check(fscanf(file, "%d %d %d %d", &in->coding, &in->width, &in->rows, &in->lsb) == 4, "the head of an input file");
    fgetc(file);
    in->code = malloc(MAX_LENGTH);
    in->length = fread(in->code, 1, MAX_LENGTH, file);
    fclose(file);
}

/* A mutated copy, in memory of exactly its size so that the sanitizer sees any octet too far. */
static uint8_t *mutated(const input *in, size_t *length)
{
    static uint8_t work[4 * MAX_LENGTH];
    size_t n = in->length;
    memcpy(work, in->code, n);
    uint32_t changes = chance(8) ? 1 + chance(4) : 1 + chance(40);
    for (uint32_t i = 0; i < changes; i++) {
        size_t at = n ? chance((uint32_t)n) : 0, span = 1 + chance(16);
        if (span > n - at)
            span = n - at;
        switch (chance(9)) {
        case 0:
        case 1:
        case 2:
            if (n)
                work[at] ^= (uint8_t)(1u << chance(8));
            break;
        case 3:
            if (n)
                work[at] = (uint8_t)chance(256);
            break;
        case 4:
            memset(work + at, chance(2) ? 0xff : 0, span);
            break;
        case 5: /* cut out */
            memmove(work + at, work + at + span, n - at - span);
            n -= span;
            break;
        case 6: /* put in twice */
            if (n + span < 2 * MAX_LENGTH) {
                memmove(work + at + span, work + at, n - at);
                n += span;
            }
            break;
        case 7: { /* a piece of another */
            const input *other = &files[chance((uint32_t)file_count)];
            size_t from = other->length ? chance((uint32_t)other->length) : 0, take = chance(64);
            if (take > other->length - from)
                take = other->length - from;
            if (at + take < 2 * MAX_LENGTH) {
                memcpy(work + at, other->code + from, take);
                n = n > at + take ? n : at + take;
            }
            break;
        }
        default:
            if (!chance(4))
                n = at;
        }
    }
    if (!chance(200)) {
        n = chance(300);
        for (size_t i = 0; i < n; i++)
            work[i] = (uint8_t)chance(256);
    }
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, work, n);
    *length = n;
    return copy;
}

static void try_decode(const uint8_t *code, size_t length, int coding, int width, int lsb, int max_rows)
{
    t4_form form = {.coding = coding, .k = 4, .lsb_first = lsb, .return_code = 1};
    t4_octets bits = {0};
    t4_report report;
    check(t4_decode(code, length, &form, width, max_rows, &bits, &report) == T4_OK, "decoding takes any octets");
    size_t octets = ((size_t)width + 7) / 8;
    check(report.rows >= 0 && report.rows <= max_rows, "rows within bounds");
    check(bits.length == octets * (size_t)report.rows, "as many octets as rows need");
    check(report.bits_used >= 0 && report.bits_used <= (int64_t)length * 8, "no more bits used than there are");
    check(report.bad_rows <= report.rows && report.longest_bad_run <= report.bad_rows, "bad rows are rows");
    check(coding != T4_MMR || !report.bad_rows, "MMR has no bad rows");
    for (int i = 0; i < report.bad_rows; i++)
        check(report.bad[i] < report.rows && (!i || report.bad[i] > report.bad[i - 1]), "bad rows ascend");
    if (width & 7)
        for (int i = 0; i < report.rows; i++)
            check(!(bits.data[octets * (size_t)(i + 1) - 1] & (0xff >> (width & 7))), "spare bits are 0");
    /* Whatever was read can be written, and read again as the same. */
    t4_form again = {.coding = (int)chance(3), .k = 1 + (int)chance(4), .min_row_bits = chance(2) ? (int)chance(200) : 0,
                     .return_code = 1, .eol_aligned = (int)chance(2), .lsb_first = (int)chance(2)};
    t4_octets written = {0}, back = {0};
    t4_report second;
    check(t4_encode(bits.data, width, report.rows, &again, &written) == T4_OK, "encoding what was read");
    check(t4_decode(written.data, written.length, &again, width, max_rows, &back, &second) == T4_OK, "reading it");
    check(second.rows == report.rows && !second.bad_rows && back.length == bits.length &&
              (!back.length || !memcmp(back.data, bits.data, back.length)),
          "what was written is read as the same");
    t4_free(&written);
    t4_free(&back);
    t4_free(&bits);
    t4_free_report(&report);
    t4_free_report(&second);
}

static void try_transcode(const uint8_t *code, size_t length, int coding, int width, int rows, int lsb)
{
    t4_form source = {.coding = coding, .k = 1, .lsb_first = lsb};
    t4_form target = {.coding = (int)chance(3), .k = 1 + (int)chance(4), .min_row_bits = chance(2) ? 288 : 0,
                      .return_code = (int)chance(2), .lsb_first = (int)chance(2)};
    t4_octets out = {0};
    int result = t4_transcode(code, length, &source, width, rows, &target, &out);
    check(result == T4_OK || result == T4_BAD_CODE, "transcoding works or says that the code is bad");
    t4_free(&out);
}

static void try_pages(const uint8_t *code, size_t length, const input *other, int width, int rows)
{
    int32_t row = 0;
    t4_octets out = {0};
    t4_edit edit = {.first_row = (int)chance(5), .take_rows = (int)chance(40), .out_rows = (int)chance(60),
                    .step_in = 1 + (int)chance(5), .step_out = 1 + (int)chance(5), .scaled_width = 1 + (int)chance(400),
                    .shift = (int)chance(300) - 150, .out_width = 1 + (int)chance(400)};
    uint8_t strip[51 * 3];
    for (size_t i = 0; i < sizeof strip; i++)
        strip[i] = (uint8_t)chance(256);
    int result = t4_edit_page(code, length, width, rows, &edit, strip, (int)chance(3), &out);
    check(result == T4_OK || result == T4_BAD_CODE || result == T4_BAD_ARGUMENT, "editing works or says why not");
    if (result == T4_OK && out.length < MAX_LENGTH)
        try_decode(out.data, out.length, T4_MMR, edit.out_width, 0, edit.out_rows + 3);
    t4_free(&out);
    t4_field fields[2] = {{strip, 1 + (int)chance(400), 2, (int)chance(400) - 100, (int)chance(60) - 10},
                          {strip, 8, 3, 3, 3}};
    result = t4_overlay_page(code, length, width, rows, fields, 2, &out);
    check(result == T4_OK || result == T4_BAD_CODE, "drawing works or says that the code is bad");
    t4_free(&out);
    result = t4_turn_page(code, length, width, rows, (int)chance(2), &out);
    check(result == T4_OK || result == T4_BAD_CODE || (!rows && result == T4_BAD_ARGUMENT), "turning works or says why not");
    if (result == T4_OK && rows && out.length < MAX_LENGTH)
        try_decode(out.data, out.length, T4_MMR, rows, 0, width + 3);
    t4_free(&out);
    int box_x = 1 + (int)chance(9), box_y = 1 + (int)chance(9);
    result = t4_preview(code, length, width, rows, box_x, box_y, 1 + (int)chance(3), &out);
    check(result == T4_OK || result == T4_BAD_CODE, "a preview is drawn or the code is bad");
    t4_free(&out);
    t4_first_difference(code, length, other->code, other->length, width, rows, &row);
    check(row >= -1 && row < (rows ? rows : 1), "a row that differs is a row");
    result = t4_crop_foot(code, length, width, rows, (int)chance(5), &out, &row);
    check(result == T4_OK || result == T4_BAD_CODE, "cropping works or says that the code is bad");
    check(row >= 0 && row <= rows, "what is left without a foot are rows");
    if (result == T4_OK) {
        t4_form mmr = {.coding = T4_MMR, .k = 1};
        t4_octets bits = {0};
        t4_report report;
        check(t4_decode(out.data, out.length, &mmr, width, row + 3, &bits, &report) == T4_OK, "decoding what is left");
        check(report.rows == row && report.end == T4_END_MARK, "what is left is whole");
        t4_free(&bits);
        t4_free_report(&report);
    }
    t4_free(&out);
}

static void try_t85(const uint8_t *code, size_t length)
{
    t85_image image = {.max_width = 4864, .max_rows = 300};
    int result = t85_decode(code, length, &image);
    check(result == T85_OK || result == T85_BAD_CODE || result == T85_CUT_OFF, "T.85 takes any octets");
    check(image.rows >= 0 && image.rows <= 300, "T.85 rows within bounds");
    check(!image.rows || image.bits.length == (size_t)image.rows * (((size_t)image.width + 7) / 8), "T.85 octets");
    check(image.octets_used <= (int64_t)length, "T.85 uses no more octets than there are");
    t85_free(&image.bits);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    unsigned long long seed = strtoull(argv[1], NULL, 10), first = strtoull(argv[2], NULL, 10);
    unsigned long long count = strtoull(argv[3], NULL, 10);
    t4_init();
    for (int i = 4; i < argc; i++)
        load(argv[i]);
    for (number = first; number < first + count; number++) {
        state = (seed + 1) * 0x9e3779b97f4a7c15ull ^ (number + 1) * 0xbf58476d1ce4e5b9ull;
        state += !state;
        for (int i = 0; i < 4; i++)
            chance(2);
        const input *in = &files[chance((uint32_t)file_count)];
        size_t length;
        uint8_t *code = mutated(in, &length);
        int width = chance(10) ? in->width : 1 + (int)chance(500), coding = in->coding;
        if (coding == T85_CODE) {
            try_t85(code, length);
        } else {
            if (!chance(10))
                coding = (int)chance(3);
            int rows = chance(4) ? in->rows : (int)chance(60), lsb = chance(10) ? in->lsb : !in->lsb;
            switch (chance(coding == T4_MMR && !lsb ? 3 : 2)) {
            case 0:
                try_decode(code, length, coding, width, lsb, chance(2) ? 500 : rows);
                break;
            case 1:
                try_transcode(code, length, coding, width, rows, lsb);
                break;
            default:
                try_pages(code, length, &files[chance((uint32_t)file_count)], width, rows);
            }
        }
        free(code);
    }
    for (int i = 0; i < file_count; i++)
        free(files[i].code);
    printf("%llu inputs\n", count);
    return 0;
}
