//! Stage 1: accept. Listening sockets, limits, PROXY protocol.
