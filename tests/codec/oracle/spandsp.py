"""libspandsp's T.4 sender and receiver as a second opinion: TIFF to code, code to TIFF with counts of bad rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cffi import FFI

from codec.page import Coding

_DECLARATIONS = """
    typedef struct t4_state_s t4_state_t;
    typedef struct {
        int pages_transferred, pages_in_file, width, length, bad_rows, longest_bad_row_run;
        int x_resolution, y_resolution, encoding, line_image_size;
        int spare[64];
    } t4_stats_t;
    t4_state_t *t4_rx_init(t4_state_t *s, const char *file, int output_encoding);
    void t4_rx_set_rx_encoding(t4_state_t *s, int encoding);
    void t4_rx_set_image_width(t4_state_t *s, int width);
    void t4_rx_set_x_resolution(t4_state_t *s, int resolution);
    void t4_rx_set_y_resolution(t4_state_t *s, int resolution);
    int t4_rx_start_page(t4_state_t *s);
    int t4_rx_put_chunk(t4_state_t *s, const uint8_t buf[], int len);
    void t4_rx_get_transfer_statistics(t4_state_t *s, t4_stats_t *t);
    int t4_rx_end_page(t4_state_t *s);
    int t4_rx_free(t4_state_t *s);
    t4_state_t *t4_tx_init(t4_state_t *s, const char *file, int start_page, int stop_page);
    void t4_tx_set_tx_encoding(t4_state_t *s, int encoding);
    void t4_tx_set_min_bits_per_row(t4_state_t *s, int bits);
    void t4_tx_set_header_info(t4_state_t *s, const char *info);
    int t4_tx_get_pages_in_file(t4_state_t *s);
    int t4_tx_start_page(t4_state_t *s);
    int t4_tx_get_chunk(t4_state_t *s, uint8_t buf[], int max_len);
    int t4_tx_end_page(t4_state_t *s);
    int t4_tx_free(t4_state_t *s);
"""
_ENCODING = {Coding.MH: 1, Coding.MR: 2, Coding.MMR: 3}


@dataclass(frozen=True)
class Received:
    rows: int
    bad_rows: int
    longest_bad_run: int
    ended: bool
    """RTC or EOFB was seen."""


@cache
def _library() -> tuple[FFI, Any]:
    ffi = FFI()
    ffi.cdef(_DECLARATIONS)
    return ffi, ffi.dlopen("libspandsp.so.2")


def receive(path: Path, code: bytes, coding: Coding, width: int, *, stored: Coding = Coding.MMR) -> Received:
    """Code in line order (least significant bit first) as a TIFF at ``path``, written in the coding ``stored``."""
    ffi, lib = _library()
    state = lib.t4_rx_init(ffi.NULL, str(path).encode(), _ENCODING[stored])
    assert state != ffi.NULL
    lib.t4_rx_set_rx_encoding(state, _ENCODING[coding])
    lib.t4_rx_set_image_width(state, width)
    lib.t4_rx_set_x_resolution(state, 8031)
    lib.t4_rx_set_y_resolution(state, 7700)
    assert lib.t4_rx_start_page(state) == 0
    ended = bool(lib.t4_rx_put_chunk(state, code, len(code)))
    # The figures of the page are complete only when it has been ended.
    lib.t4_rx_end_page(state)
    stats: Any = ffi.new("t4_stats_t *")
    lib.t4_rx_get_transfer_statistics(state, stats)
    lib.t4_rx_free(state)
    return Received(stats.length, stats.bad_rows, stats.longest_bad_row_run, ended)


def send(path: Path, coding: Coding, *, min_row_bits: int = 0) -> list[bytes]:
    """The pages of a TIFF as libspandsp codes them for the line, least significant bit first."""
    ffi, lib = _library()
    state = lib.t4_tx_init(ffi.NULL, str(path).encode(), -1, -1)
    assert state != ffi.NULL
    lib.t4_tx_set_tx_encoding(state, _ENCODING[coding])
    lib.t4_tx_set_min_bits_per_row(state, min_row_bits)
    lib.t4_tx_set_header_info(state, b"")
    pages = []
    for _ in range(lib.t4_tx_get_pages_in_file(state)):
        assert lib.t4_tx_start_page(state) == 0
        code = b""
        buffer = ffi.new("uint8_t[]", 4096)
        while (length := lib.t4_tx_get_chunk(state, buffer, 4096)) > 0:
            code += ffi.buffer(buffer, length)[:]
            if length < 4096:
                break
        lib.t4_tx_end_page(state)
        pages.append(code)
    lib.t4_tx_free(state)
    return pages
