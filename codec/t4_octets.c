/* Octets: room for more of them, and their bits in the other order.
 *
 * What always holds: only the octets that the length names are touched.
 */
#include "t4_internal.h"

int t4_octets_room(t4_octets *octets, size_t more)
{
    if (octets->capacity - octets->length >= more)
        return T4_OK;
    size_t capacity = octets->capacity + octets->capacity / 2;
    if (capacity < octets->length + more)
        capacity = octets->length + more;
    uint8_t *data = realloc(octets->data, capacity);
    if (!data)
        return T4_NO_MEMORY;
    octets->data = data;
    octets->capacity = capacity;
    return T4_OK;
}

void t4_free(t4_octets *octets)
{
    free(octets->data);
    memset(octets, 0, sizeof *octets);
}

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
