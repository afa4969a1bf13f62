//! One client connection: accept to close, a tiny future while idle.
