"""The Class 1 dialogue with a modem (T.31, TIA-578): parser and driver. No I/O, no clock, no randomness."""
