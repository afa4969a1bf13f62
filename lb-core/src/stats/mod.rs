//! Stage 8: counters and rates.
