"""The declarations of libspandsp 0.0.6 and the loaded library (cffi, ABI mode: no compiler, no headers).

What always holds: nothing is loaded before it is asked for; a missing library is one clear error that names the Debian
package. What it must not do: know anything about calls; wrappers with types live in ``spandsp.py``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from cffi import FFI

SHARED_OBJECT: Final = "libspandsp.so.2"


class SpandspMissing(RuntimeError):
    """libspandsp cannot be loaded on this machine."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{SHARED_OBJECT} cannot be loaded ({reason}). The software modem needs it: install the Debian package"
            " libspandsp2 (apt-get install libspandsp2)."
        )


ffi: Final[Any] = FFI()
ffi.cdef("""
typedef struct t31_state_s t31_state_t;  typedef struct at_state_s at_state_t;
typedef struct fax_state_s fax_state_t;  typedef struct t30_state_s t30_state_t;
typedef struct logging_state_s logging_state_t;

t31_state_t *t31_init(t31_state_t *s, int (*at_tx)(at_state_t *, void *, const uint8_t *, size_t), void *,
    int (*control)(t31_state_t *, void *, int, const char *), void *, void *, void *);
int t31_free(t31_state_t *);
int t31_at_rx(t31_state_t *, const char *, int);
int t31_rx(t31_state_t *, int16_t *, int);
int t31_tx(t31_state_t *, int16_t *, int);
void t31_call_event(t31_state_t *, int);
void t31_set_transmit_on_idle(t31_state_t *, int);

fax_state_t *fax_init(fax_state_t *, int);
int fax_free(fax_state_t *);
int fax_rx(fax_state_t *, int16_t *, int);
int fax_tx(fax_state_t *, int16_t *, int);
void fax_set_transmit_on_idle(fax_state_t *, int);
t30_state_t *fax_get_t30_state(fax_state_t *);

int t30_set_tx_ident(t30_state_t *, const char *);
const char *t30_get_rx_ident(t30_state_t *);
int t30_set_tx_sub_address(t30_state_t *, const char *);
const char *t30_get_rx_sub_address(t30_state_t *);
int t30_set_tx_page_header_info(t30_state_t *, const char *);
void t30_set_rx_file(t30_state_t *, const char *, int);
void t30_set_tx_file(t30_state_t *, const char *, int, int);
int t30_set_ecm_capability(t30_state_t *, int);
int t30_set_rx_encoding(t30_state_t *, int);
int t30_set_minimum_scan_line_time(t30_state_t *, int);
int t30_set_supported_modems(t30_state_t *, int);
int t30_set_supported_compressions(t30_state_t *, int);
int t30_set_supported_resolutions(t30_state_t *, int);
int t30_set_supported_image_sizes(t30_state_t *, int);
int t30_set_supported_t30_features(t30_state_t *, int);
int t30_set_receiver_not_ready(t30_state_t *, int);
void t30_set_phase_b_handler(t30_state_t *, int (*)(t30_state_t *, void *, int), void *);
void t30_set_phase_d_handler(t30_state_t *, int (*)(t30_state_t *, void *, int), void *);
void t30_set_phase_e_handler(t30_state_t *, void (*)(t30_state_t *, void *, int), void *);
void t30_set_real_time_frame_handler(t30_state_t *, void (*)(t30_state_t *, void *, int, const uint8_t *, int), void *);
const char *t30_completion_code_to_str(int);
void t30_terminate(t30_state_t *);
int t30_call_active(t30_state_t *);

typedef struct {
  int bit_rate, error_correcting_mode, pages_tx, pages_rx, pages_in_file, x_resolution, y_resolution, width, length,
      image_size, encoding, bad_rows, longest_bad_row_run, error_correcting_mode_retries, current_status;
} t30_stats_t;
void t30_get_transfer_statistics(t30_state_t *, t30_stats_t *);
""")


@lru_cache(maxsize=1)
def library() -> Any:
    """The loaded library. Raises SpandspMissing."""
    try:
        return ffi.dlopen(SHARED_OBJECT)
    except OSError as error:
        raise SpandspMissing(str(error)) from error
