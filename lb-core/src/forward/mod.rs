//! Stage 7: forward bytes: copy, splice, tunnel.
