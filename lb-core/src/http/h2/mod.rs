//! HTTP/2 behind flat header lists, over the h2 crate (RFC 9113).
