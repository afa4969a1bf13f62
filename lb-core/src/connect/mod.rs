//! Stage 6: connections to servers: open, reuse, pool, retry.
