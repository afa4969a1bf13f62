//! An embeddable HTTP and TCP load balancer that understands HAProxy configurations.
//!
//! # Layout
//!
//! The modules stand in the order a request meets them; see ARCHITECTURE.md.

#![forbid(unsafe_code)]

pub mod config;
pub mod http;
pub mod log;
pub mod transport;
