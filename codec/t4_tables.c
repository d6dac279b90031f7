/* The code words of T.4 and T.6, and the look-up tables made from them.
 *
 * What always holds: after t4_init the tables are read only; a look-up entry of kind T4_NONE means that no code word
 * begins with these bits. T.4 tables 2, 3a and 3b.
 */
#include "t4_internal.h"

typedef struct {
    uint16_t code;
    uint16_t length;
} t4_word;

static const t4_word white_short[64] = {
    {0x35, 8}, {0x07, 6}, {0x07, 4}, {0x08, 4}, {0x0b, 4}, {0x0c, 4}, {0x0e, 4}, {0x0f, 4},
    {0x13, 5}, {0x14, 5}, {0x07, 5}, {0x08, 5}, {0x08, 6}, {0x03, 6}, {0x34, 6}, {0x35, 6},
    {0x2a, 6}, {0x2b, 6}, {0x27, 7}, {0x0c, 7}, {0x08, 7}, {0x17, 7}, {0x03, 7}, {0x04, 7},
    {0x28, 7}, {0x2b, 7}, {0x13, 7}, {0x24, 7}, {0x18, 7}, {0x02, 8}, {0x03, 8}, {0x1a, 8},
    {0x1b, 8}, {0x12, 8}, {0x13, 8}, {0x14, 8}, {0x15, 8}, {0x16, 8}, {0x17, 8}, {0x28, 8},
    {0x29, 8}, {0x2a, 8}, {0x2b, 8}, {0x2c, 8}, {0x2d, 8}, {0x04, 8}, {0x05, 8}, {0x0a, 8},
    {0x0b, 8}, {0x52, 8}, {0x53, 8}, {0x54, 8}, {0x55, 8}, {0x24, 8}, {0x25, 8}, {0x58, 8},
    {0x59, 8}, {0x5a, 8}, {0x5b, 8}, {0x4a, 8}, {0x4b, 8}, {0x32, 8}, {0x33, 8}, {0x34, 8},
};

static const t4_word white_long[27] = {
    {0x1b, 5}, {0x12, 5}, {0x17, 6}, {0x37, 7}, {0x36, 8}, {0x37, 8}, {0x64, 8}, {0x65, 8},
    {0x68, 8}, {0x67, 8}, {0xcc, 9}, {0xcd, 9}, {0xd2, 9}, {0xd3, 9}, {0xd4, 9}, {0xd5, 9},
    {0xd6, 9}, {0xd7, 9}, {0xd8, 9}, {0xd9, 9}, {0xda, 9}, {0xdb, 9}, {0x98, 9}, {0x99, 9},
    {0x9a, 9}, {0x18, 6}, {0x9b, 9},
};

static const t4_word black_short[64] = {
    {0x37, 10}, {0x02, 3}, {0x03, 2}, {0x02, 2}, {0x03, 3}, {0x03, 4}, {0x02, 4}, {0x03, 5},
    {0x05, 6}, {0x04, 6}, {0x04, 7}, {0x05, 7}, {0x07, 7}, {0x04, 8}, {0x07, 8}, {0x18, 9},
    {0x17, 10}, {0x18, 10}, {0x08, 10}, {0x67, 11}, {0x68, 11}, {0x6c, 11}, {0x37, 11}, {0x28, 11},
    {0x17, 11}, {0x18, 11}, {0xca, 12}, {0xcb, 12}, {0xcc, 12}, {0xcd, 12}, {0x68, 12}, {0x69, 12},
    {0x6a, 12}, {0x6b, 12}, {0xd2, 12}, {0xd3, 12}, {0xd4, 12}, {0xd5, 12}, {0xd6, 12}, {0xd7, 12},
    {0x6c, 12}, {0x6d, 12}, {0xda, 12}, {0xdb, 12}, {0x54, 12}, {0x55, 12}, {0x56, 12}, {0x57, 12},
    {0x64, 12}, {0x65, 12}, {0x52, 12}, {0x53, 12}, {0x24, 12}, {0x37, 12}, {0x38, 12}, {0x27, 12},
    {0x28, 12}, {0x58, 12}, {0x59, 12}, {0x2b, 12}, {0x2c, 12}, {0x5a, 12}, {0x66, 12}, {0x67, 12},
};

static const t4_word black_long[27] = {
    {0x0f, 10}, {0xc8, 12}, {0xc9, 12}, {0x5b, 12}, {0x33, 12}, {0x34, 12}, {0x35, 12}, {0x6c, 13},
    {0x6d, 13}, {0x4a, 13}, {0x4b, 13}, {0x4c, 13}, {0x4d, 13}, {0x72, 13}, {0x73, 13}, {0x74, 13},
    {0x75, 13}, {0x76, 13}, {0x77, 13}, {0x52, 13}, {0x53, 13}, {0x54, 13}, {0x55, 13}, {0x5a, 13},
    {0x5b, 13}, {0x64, 13}, {0x65, 13},
};

static const t4_word common_long[13] = {
    {0x08, 11}, {0x0c, 11}, {0x0d, 11}, {0x12, 12}, {0x13, 12}, {0x14, 12}, {0x15, 12}, {0x16, 12},
    {0x17, 12}, {0x1c, 12}, {0x1d, 12}, {0x1e, 12}, {0x1f, 12},
};
t4_run_word t4_run_words[2][T4_RUN_WORDS];
uint32_t t4_pair_words[64 * 64];
t4_run_entry t4_white_entries[1 << T4_WHITE_BITS];
t4_run_entry t4_black_entries[1 << T4_BLACK_BITS];
t4_mode_entry t4_mode_entries[1 << T4_MODE_BITS];
uint16_t t4_pair_entries[2][1 << T4_PAIR_BITS];
uint16_t t4_horizontal_entries[2][1 << T4_PAIR_BITS];

static void enter_run(t4_run_entry *table, int bits, t4_word word, int run, int kind)
{
    uint32_t first = (uint32_t)word.code << (bits - word.length);
    uint32_t count = 1u << (bits - word.length);
    for (uint32_t i = 0; i < count; i++) {
        table[first + i].run = (uint16_t)run;
        table[first + i].length = (uint8_t)word.length;
        table[first + i].kind = (uint8_t)kind;
    }
}

static void enter_mode(uint32_t code, int length, int kind, int delta)
{
    uint32_t first = code << (T4_MODE_BITS - length);
    uint32_t count = 1u << (T4_MODE_BITS - length);
    for (uint32_t i = 0; i < count; i++) {
        t4_mode_entries[first + i].kind = (uint8_t)kind;
        t4_mode_entries[first + i].length = (uint8_t)length;
        t4_mode_entries[first + i].delta = (int8_t)delta;
    }
}

static void make_colour(int colour, const t4_word *brief, const t4_word *lengthy, t4_run_entry *table, int bits)
{
    for (int i = 0; i < 64; i++)
        enter_run(table, bits, brief[i], i, T4_TERMINATING);
    for (int i = 0; i < 27; i++)
        enter_run(table, bits, lengthy[i], 64 * (i + 1), T4_MAKE_UP);
    for (int i = 0; i < 13; i++)
        enter_run(table, bits, common_long[i], 64 * (i + 28), T4_MAKE_UP);
    for (int run = 0; run < T4_RUN_WORDS; run++) {
        t4_word end = brief[run & 63];
        t4_run_word *word = &t4_run_words[colour][run];
        word->code = end.code;
        word->length = end.length;
        if (run >= 64) {
            int step = run >> 6;
            t4_word head = step <= 27 ? lengthy[step - 1] : common_long[step - 28];
            word->code |= (uint32_t)head.code << end.length;
            word->length += head.length;
        }
    }
}

static void enter_pairs(uint16_t *pairs, uint16_t *horizontal, const t4_word *first, const t4_word *second)
{
    for (uint32_t i = 1; i < 64; i++) {
        for (uint32_t k = 1; k < 64; k++) {
            uint32_t length = (uint32_t)first[i].length + second[k].length;
            if (length > T4_PAIR_BITS)
                continue;
            uint32_t code = (uint32_t)first[i].code << second[k].length | second[k].code;
            uint32_t spare = T4_PAIR_BITS - length;
            for (uint32_t rest = 0; rest < 1u << spare; rest++) {
                pairs[code << spare | rest] = (uint16_t)(i | k << 6 | length << 12);
                if (i < 32 && k < 32)
                    horizontal[code << spare | rest] = (uint16_t)(length | i << 6 | k << 11);
            }
        }
    }
}

void t4_init(void)
{
    make_colour(0, white_short, white_long, t4_white_entries, T4_WHITE_BITS);
    make_colour(1, black_short, black_long, t4_black_entries, T4_BLACK_BITS);
    enter_pairs(t4_pair_entries[0], t4_horizontal_entries[0], white_short, black_short);
    enter_pairs(t4_pair_entries[1], t4_horizontal_entries[1], black_short, white_short);
    for (uint32_t i = 0; i < 64 * 64; i++) {
        t4_word white = white_short[i >> 6], black = black_short[i & 63];
        uint32_t code = (uint32_t)white.code << black.length | black.code;
        t4_pair_words[i] = code << 6 | (uint32_t)(white.length + black.length);
    }
    t4_deflate_init();
    enter_mode(1, 1, T4_VERTICAL, 0);
    enter_mode(3, 3, T4_VERTICAL, 1);
    enter_mode(3, 6, T4_VERTICAL, 2);
    enter_mode(3, 7, T4_VERTICAL, 3);
    enter_mode(2, 3, T4_VERTICAL, -1);
    enter_mode(2, 6, T4_VERTICAL, -2);
    enter_mode(2, 7, T4_VERTICAL, -3);
    enter_mode(1, 3, T4_HORIZONTAL, 0);
    enter_mode(1, 4, T4_PASS, 0);
}
