/* See t85.h. libjbig calls back for every piece of code and for every row. */
#include "t85.h"

#include <jbig85.h>
#include <stdlib.h>
#include <string.h>

static void append(t85_octets *octets, const uint8_t *data, size_t length)
{
    if (octets->failed)
        return;
    if (octets->capacity - octets->length < length) {
        size_t capacity = octets->capacity * 2 + length + 4096;
        uint8_t *grown = realloc(octets->data, capacity);
        if (!grown) {
            octets->failed = 1;
            return;
        }
        octets->data = grown;
        octets->capacity = capacity;
    }
    memcpy(octets->data + octets->length, data, length);
    octets->length += length;
}

void t85_free(t85_octets *octets)
{
    free(octets->data);
    memset(octets, 0, sizeof *octets);
}

static void take_code(unsigned char *start, size_t length, void *file)
{
    append(file, start, length);
}

int t85_encode(const uint8_t *bits, int32_t width, int32_t rows, int32_t options, int32_t stripe_rows,
               int32_t at_window, t85_octets *out)
{
    struct jbg85_enc_state state;
    size_t octets = ((size_t)width + 7) / 8;
    /* The row above the first is white; the encoder only reads, but does not promise to. */
    uint8_t *lines = calloc(3, octets ? octets : 1);
    if (!lines)
        return T85_NO_MEMORY;
    jbg85_enc_init(&state, (unsigned long)width, (unsigned long)rows, take_code, out);
    jbg85_enc_options(&state, options, (unsigned long)stripe_rows, at_window);
    for (int32_t row = 0; row < rows && !out->failed; row++) {
        uint8_t *line = lines + octets * (size_t)(row % 3), *above = lines + octets * (size_t)((row + 2) % 3);
        memcpy(line, bits + octets * (size_t)row, octets);
        jbg85_enc_lineout(&state, line, above, lines + octets * (size_t)((row + 1) % 3));
    }
    free(lines);
    return out->failed ? T85_NO_MEMORY : T85_OK;
}

static int take_row(const struct jbg85_dec_state *state, unsigned char *start, size_t length, unsigned long row,
                    void *file)
{
    t85_image *image = file;
    (void)row;
    image->width = (int64_t)jbg85_dec_getwidth(state);
    if (image->rows >= image->max_rows)
        return 1;
    append(&image->bits, start, length);
    image->rows++;
    return image->bits.failed;
}

int t85_decode(const uint8_t *code, size_t length, t85_image *image)
{
    struct jbg85_dec_state state;
    /* XD stands in the octets 4 to 7. Checked here, since the rows' memory follows from it. */
    if (length < 20)
        return T85_BAD_CODE;
    int64_t width = (int64_t)code[4] << 24 | (int64_t)code[5] << 16 | (int64_t)code[6] << 8 | code[7];
    if (width < 1 || width > image->max_width)
        return T85_BAD_CODE;
    size_t room = ((size_t)width + 7) / 8 * 3;
    uint8_t *lines = calloc(1, room);
    uint8_t *copy = malloc(length);
    if (!lines || !copy) {
        free(lines);
        free(copy);
        return T85_NO_MEMORY;
    }
    memcpy(copy, code, length);
    image->width = width;
    jbg85_dec_init(&state, lines, room, take_row, image);
    size_t used = 0, all = 0;
    int result = JBG_EAGAIN;
    while (all < length) {
        result = jbg85_dec_in(&state, copy + all, length - all, &used);
        all += used;
        if (result != JBG_EOK_INTR || image->rows >= image->max_rows || image->bits.failed)
            break;
    }
    if (result == JBG_EAGAIN)
        result = jbg85_dec_end(&state);
    image->octets_used = (int64_t)all;
    free(lines);
    free(copy);
    if (image->bits.failed || result == JBG_ENOMEM)
        return T85_NO_MEMORY;
    if (result == JBG_EOK)
        return T85_OK;
    return image->rows ? T85_CUT_OFF : T85_BAD_CODE;
}
