//! Stage 5: load-balancing algorithms, one file each.
