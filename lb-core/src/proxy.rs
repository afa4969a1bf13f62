//! The embedding API: `Proxy::builder()`, `Proxy::from_config`, the running handle.
