/* Work on packed rows: turning, bit order.
 *
 * What always holds: only the octets that the geometry names are touched.
 */
#include "t4_internal.h"

void t4_reverse(uint8_t *data, size_t length)
{
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t v;
        memcpy(&v, data + i, 8);
        v = (v >> 1 & 0x5555555555555555u) | (v & 0x5555555555555555u) << 1;
        v = (v >> 2 & 0x3333333333333333u) | (v & 0x3333333333333333u) << 2;
        v = (v >> 4 & 0x0f0f0f0f0f0f0f0fu) | (v & 0x0f0f0f0f0f0f0f0fu) << 4;
        memcpy(data + i, &v, 8);
    }
    for (; i < length; i++) {
        unsigned v = data[i];
        v = (v >> 1 & 0x55) | (v & 0x55) << 1;
        v = (v >> 2 & 0x33) | (v & 0x33) << 2;
        data[i] = (uint8_t)(v >> 4 | v << 4);
    }
}

/* An 8 by 8 square, first row in the high octet, mirrored along its falling diagonal. */
static inline uint64_t transpose(uint64_t v)
{
    uint64_t t = (v ^ v >> 7) & 0x00aa00aa00aa00aau;
    v ^= t ^ t << 7;
    t = (v ^ v >> 14) & 0x0000cccc0000ccccu;
    v ^= t ^ t << 14;
    t = (v ^ v >> 28) & 0x00000000f0f0f0f0u;
    return v ^ t ^ t << 28;
}

void t4_rotate(const uint8_t *bits, int32_t width, int32_t rows, int32_t clockwise, uint8_t *out)
{
    size_t in_octets = ((size_t)width + 7) / 8, out_octets = ((size_t)rows + 7) / 8;
    memset(out, 0, (size_t)width * out_octets);
    /* Columns of the result in eights: clockwise, result column c is row rows-1-c of the source. */
    for (int32_t column = 0; column < rows; column += 8) {
        for (size_t octet = 0; octet < in_octets; octet++) {
            uint64_t square = 0;
            for (int32_t i = 0; i < 8; i++) {
                int32_t c = column + i;
                int32_t row = clockwise ? rows - 1 - c : c;
                square = square << 8 | (c < rows ? bits[(size_t)row * in_octets + octet] : 0);
            }
            if (!square)
                continue;
            square = transpose(square);
            for (int32_t i = 0; i < 8; i++) {
                int32_t x = (int32_t)octet * 8 + i;
                if (x >= width)
                    break;
                int32_t row = clockwise ? x : width - 1 - x;
                out[(size_t)row * out_octets + (size_t)(column >> 3)] = (uint8_t)(square >> (56 - 8 * i));
            }
        }
    }
}
