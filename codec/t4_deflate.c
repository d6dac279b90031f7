/* Rows of octets as a zlib stream (RFC 1950, RFC 1951): runs of one octet, and rows that are as the one above.
 *
 * What always holds: the work is linear in the octets, whatever they are; one block with one set of codes, made for
 * previews of pages of text, forms and pictures. Greater effort than this is for compressors.
 */
#include "t4_internal.h"

#define MODULUS ((uint64_t)65521) /* of Adler-32 */

enum { LITERALS = 286, LONGEST = 258, SHORTEST = 3, FARTHEST = 32768 };

/* Bits of each symbol's code: octets, end, lengths. A complete prefix code over what previews of such pages hold, in
 * which what they do not hold has 11 bits. */
static const uint8_t code_bits[LITERALS] = {
    6, 11, 11, 11, 8, 11, 11, 6, 11, 11, 11, 8, 11, 11, 11, 5, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
    11, 11, 11, 11, 11, 10, 8, 11, 11, 11, 6, 11, 11, 5, 11, 11, 11, 6, 11, 11, 11, 6, 11, 11, 11, 11, 11, 8, 9, 11,
    11, 11, 11, 11, 11, 11, 10, 9, 11, 11, 11, 11, 11, 9, 6, 7, 11, 11, 11, 10, 10, 9, 11, 9, 6, 11, 11, 11, 6, 11, 8,
    4, 7, 9, 8, 6, 9, 9, 9, 5, 11, 11, 11, 11, 11, 11, 11, 7, 6, 8, 10, 9, 11, 10, 9, 9, 11, 11, 11, 11, 11, 11, 11,
    8, 8, 7, 9, 9, 10, 10, 9, 8, 11, 11, 11, 11, 11, 11, 11, 8, 9, 8, 8, 9, 9, 10, 9, 8, 8, 11, 11, 11, 6, 11, 10, 5,
    10, 9, 9, 6, 9, 9, 9, 6, 11, 11, 11, 11, 11, 11, 11, 9, 11, 10, 9, 9, 9, 10, 10, 8, 11, 11, 11, 11, 11, 11, 9, 9,
    11, 9, 10, 9, 10, 10, 11, 8, 11, 11, 11, 11, 11, 10, 10, 9, 9, 9, 9, 9, 10, 11, 10, 8, 6, 11, 11, 11, 6, 9, 9, 5,
    9, 8, 8, 6, 8, 8, 8, 3, 11, 6, 7, 7, 8, 8, 9, 9, 9, 8, 7, 9, 8, 8, 8, 7, 9, 8, 8, 8, 9, 10, 11, 10, 10, 10, 11,
    11, 11, 6,
};

static const uint16_t first_length[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

/* code << 5 | bits, the first bit of the code lowest: of octets and the end, and of whole lengths. */
static uint32_t symbols[257];
static uint32_t lengths[LONGEST + 1];

static uint32_t reversed(uint32_t code, uint32_t bits)
{
    uint32_t result = 0;
    for (; bits; bits--, code >>= 1)
        result = result << 1 | (code & 1);
    return result;
}

void t4_deflate_init(void)
{
    uint32_t code = 0, codes[LITERALS];
    for (uint32_t bits = 1; bits < 16; bits++, code <<= 1)
        for (int i = 0; i < LITERALS; i++)
            if (code_bits[i] == bits)
                codes[i] = reversed(code++, bits);
    for (int i = 0; i < 257; i++)
        symbols[i] = codes[i] << 5 | code_bits[i];
    for (uint32_t i = 0, length = SHORTEST; length <= LONGEST; length++) {
        if (i < 28 && length == first_length[i + 1])
            i++;
        uint32_t bits = code_bits[257 + i];
        lengths[length] = (codes[257 + i] | (length - first_length[i]) << bits) << 5 | (bits + length_bits[i]);
    }
}

static inline void put(t4_deflater *out, uint64_t code, uint32_t length)
{
    out->bits |= code << out->held;
    out->held += length;
    t4_store(out->p, __builtin_bswap64(out->bits));
    out->p += out->held >> 3;
    out->bits >>= out->held & 56;
    out->held &= 7;
}

/* `count` octets from one octet or one row back. */
static void put_copy(t4_deflater *out, size_t count, uint32_t distance, uint32_t distance_bits)
{
    while (count) {
        /* What is left over must not be shorter than a copy can be. */
        size_t now = count <= LONGEST ? count : count < LONGEST + SHORTEST ? LONGEST - SHORTEST : LONGEST;
        uint32_t length = lengths[now];
        put(out, (uint64_t)(length >> 5) | (uint64_t)distance << (length & 31), (length & 31) + distance_bits);
        count -= now;
    }
}

static void put_row(t4_deflater *out, const uint8_t *row)
{
    uint64_t sum = out->sum, sums = out->sums;
    for (size_t i = 0; i < out->octets;) {
        uint8_t octet = row[i];
        size_t end = i + 1;
        uint64_t eight = octet * 0x0101010101010101u, next;
        while (end + 8 <= out->octets && (memcpy(&next, row + end, 8), next == eight))
            end += 8;
        while (end < out->octets && row[end] == octet)
            end++;
        size_t run = end - i;
        sums += run * sum + octet * (run * (run + 1) / 2);
        sum += run * octet;
        put(out, symbols[octet] >> 5, symbols[octet] & 31);
        if (run > SHORTEST)
            put_copy(out, run - 1, 0, 1);
        else
            for (size_t k = 1; k < run; k++)
                put(out, symbols[octet] >> 5, symbols[octet] & 31);
        i = end;
    }
    sum %= MODULUS;
    sums %= MODULUS;
    /* What the row adds to both, whatever they were. */
    out->row_sum = sum + MODULUS - out->sum;
    out->row_sums = (sums + MODULUS * MODULUS - out->octets * out->sum % MODULUS) % MODULUS + MODULUS - out->sums;
    out->sum = sum;
    out->sums = sums;
}

static int room(t4_deflater *out, size_t more)
{
    out->result->length = (size_t)(out->p - out->result->data);
    int made = t4_octets_room(out->result, more + 64);
    if (made == T4_OK)
        out->p = out->result->data + out->result->length;
    return made;
}

/* The rows that were as the one above, in one. A copy is at least of 128 octets but for two of each row. */
static int put_copies(t4_deflater *out)
{
    int made = room(out, out->copies / 16);
    if (made == T4_OK && out->copies)
        put_copy(out, out->copies, out->distance, out->distance_bits);
    out->copies = 0;
    return made;
}

int t4_deflate_open(t4_deflater *out, size_t octets, t4_octets *result)
{
    memset(out, 0, sizeof *out);
    out->result = result;
    out->octets = octets;
    out->sum = 1;
    /* The distance of a row, as RFC 1951 3.2.5 says; that of an octet is code 0. With two in all, each has one bit. */
    uint32_t extra = 0, beyond = (uint32_t)octets - 1, distance_code = 1;
    out->far = octets >= SHORTEST && octets <= FARTHEST;
    if (out->far) {
        while (beyond >> extra > 3)
            extra++;
        distance_code = 2 * extra + (beyond >> extra);
        out->distance = 1 | (beyond & ((1u << extra) - 1)) << 1;
        out->distance_bits = 1 + extra;
    }
    int made = room(out, 512);
    if (made != T4_OK)
        return made;
    put(out, 0x0178, 16);
    put(out, 5, 3); /* the last block, with codes of its own */
    put(out, LITERALS - 257, 5);
    put(out, distance_code, 5);
    /* The lengths 0 .. 15 are told in four bits each: first the 19 lengths of their codes, of which three are 0. */
    put(out, 15, 4);
    for (int i = 0; i < 19; i++)
        put(out, i < 3 ? 0 : 4, 3);
    for (int i = 0; i < LITERALS; i++)
        put(out, reversed(code_bits[i], 4), 4);
    for (uint32_t i = 0; i <= distance_code; i++)
        put(out, reversed(i == 0 || i == distance_code, 4), 4);
    return T4_OK;
}

int t4_deflate_row(t4_deflater *out, const uint8_t *row, const uint8_t *above)
{
    if (out->far && above && !memcmp(row, above, out->octets)) {
        out->copies += out->octets;
        out->sums = (out->sums + out->octets * out->sum + out->row_sums) % MODULUS;
        out->sum = (out->sum + out->row_sum) % MODULUS;
        return T4_OK;
    }
    int made = put_copies(out);
    /* No octet takes more than 15 bits. */
    if (made == T4_OK)
        made = room(out, out->octets * 2);
    if (made == T4_OK)
        put_row(out, row);
    return made;
}

int t4_deflate_close(t4_deflater *out)
{
    int made = put_copies(out);
    if (made != T4_OK)
        return made;
    put(out, symbols[256] >> 5, symbols[256] & 31);
    put(out, 0, -out->held & 7);
    for (int i = 8; i >= 0; i -= 8)
        put(out, out->sums >> i & 255, 8);
    for (int i = 8; i >= 0; i -= 8)
        put(out, out->sum >> i & 255, 8);
    out->result->length = (size_t)(out->p - out->result->data);
    return T4_OK;
}
