//! HTTP/1: parse, framing, encode, sans-IO (RFC 9112).
