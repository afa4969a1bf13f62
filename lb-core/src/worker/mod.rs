//! A worker thread: its runtime, listeners, server connection pools and counters.
