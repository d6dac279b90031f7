"""T.30: frames, capabilities, ECM framing and the sender's state machine. No I/O, no clock, no randomness."""
