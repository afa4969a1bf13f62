//! States of servers from an earlier run (configuration.txt, `load-server-state-from-file`).

use std::net::IpAddr;
use std::time::Duration;

/// `load-server-state-from-file`: where states of servers come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadServerState {
    /// From nowhere.
    #[default]
    None,
    /// From the file of the `global` section, `server-state-file`.
    Global,
    /// From a file of its own, `server-state-file-name`.
    Local,
}

/// The state of a server as `show servers state` wrote it, version 1 (management.txt, section 9.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedServerState {
    /// `srv_op_state`, 0 to 3.
    pub operational: u8,
    /// `srv_admin_state`.
    pub admin: u8,
    /// `srv_uweight`.
    pub weight: u32,
    /// `srv_iweight`.
    pub initial_weight: u32,
    /// `srv_time_since_last_change`.
    pub since_change: Duration,
    /// `srv_check_status`.
    pub check_status: u8,
    /// `srv_check_state`.
    pub check_state: u8,
    /// `srv_agent_state`.
    pub agent_state: u8,
    /// `srv_addr`, where it is one.
    pub addr: Option<IpAddr>,
    /// `srv_port`; `None` where it was 0.
    pub port: Option<u16>,
    /// `srv_use_ssl`.
    pub tls: Option<bool>,
    /// `srv_check_addr` and `srv_check_port`, where they are set.
    pub check_target: (Option<IpAddr>, Option<u16>),
    /// `srv_agent_addr` and `srv_agent_port`, where they are set.
    pub agent_target: (Option<IpAddr>, Option<u16>),
}
