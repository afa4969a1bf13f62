//! Stage 4: a backend, its queue, and the choice of a server for a stream.
