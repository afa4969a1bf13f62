//! An embeddable HTTP and TCP load balancer that understands HAProxy configurations.
//!
//! # Layout
//!
//! The modules stand in the order a request meets them; ARCHITECTURE.md tells more.

#![forbid(unsafe_code)]

pub mod config;
pub mod extension;
pub mod proxy;
pub mod topology;
pub mod worker;

pub(crate) mod buffer;
pub mod net;
pub mod transport;

pub mod listener;
pub mod netscaler;
pub mod proxy_protocol;
pub mod tls;

pub mod http;
pub mod session;
pub mod stream;

pub mod acl;
pub mod pattern;
pub(crate) mod persistence;
pub mod regex;
pub mod rules;
pub mod sample;
pub mod userlist;

pub mod backend;
pub mod balance;
pub mod resolve;
pub mod server;

pub mod connect;
pub mod forward;

pub mod events;
pub mod log;
pub(crate) mod mail;
pub mod stats;
pub mod table;

pub mod runtime;

pub mod clock;
pub mod instant;
pub mod units;
