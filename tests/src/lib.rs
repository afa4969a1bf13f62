//! Test support

pub mod peers;
