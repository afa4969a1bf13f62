//! Sample fetches: the first word of an expression (configuration.txt, sections 7.3.2 to 7.3.7).
//!
//! One file per section of the manual, each with its table.

pub(crate) mod acl_words;
mod address;
pub(crate) mod auth;
mod body;
mod capture;
mod client;
mod constant;
mod cookie;
mod distcc;
mod header;
pub(crate) use header::address;
mod hello;
mod load;
mod parameter;
mod payload;
mod process;
pub(crate) mod rdp;
mod request;
mod response;
mod section;
pub(super) mod table;
mod tcp_info;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arg::{Arg, ArgSpec};
use super::context::Context;
use super::expression::Scope;
use super::place::Places;
use super::value::{SampleType, Value};

/// What a fetch does.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// It has at most one value.
    One(for<'a> fn(&Context<'a>, &'a [Arg]) -> Option<Value<'a>>),
    /// It has several, of which an ACL looks at each until one matches.
    Each {
        /// The value outside of ACLs.
        one: for<'a> fn(&Context<'a>, &'a [Arg]) -> Option<Value<'a>>,
        /// Gives the values to the function until that returns true.
        all: for<'a> fn(&Context<'a>, &'a [Arg], &mut dyn FnMut(Value<'a>) -> bool),
    },
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::One(_) => "One",
            Self::Each { .. } => "Each",
        })
    }
}

/// Checks arguments once they are read, and may replace them by what the function reads faster.
pub(crate) type Check = fn(&mut [Arg], &Scope<'_>) -> Result<(), String>;

/// Everywhere: constants, and what is known while the configuration is read.
pub(super) const ANYWHERE: &str = "YYYYYYYYYYYYYYYYYYYYYY";
/// Everywhere but in the configuration itself: states of the process.
pub(crate) const RUNNING: &str = "YYYYYYYYYYYYYYYYYYYY.Y";
/// From the client's connection on.
pub(crate) const CONNECTION: &str = "YYYYYYYYYYYYYYYYYYYY..";
/// Where there is a frontend.
pub(crate) const FRONTEND: &str = "YYYYYYYYYYYYYYYYYYY...";
/// Once a backend is chosen.
pub(super) const BACKEND: &str = "......YYYYYYYYYYYYYY..";
/// Once a server is chosen.
pub(super) const SERVER: &str = "..........YYYYYYYYYY..";
/// Once there is a connection to a server.
pub(crate) const SERVER_CONNECTION: &str = "...........YYYYYYYYY..";
/// While the request passes.
pub(crate) const REQUEST: &str = "..YYYYYYYYY...........";
/// From the request on.
pub(crate) const SINCE_REQUEST: &str = "..YYYYYYYYYYYYYYYYY...";
/// While the response passes.
pub(crate) const RESPONSE: &str = "...........YYYYYYY.Y..";
/// While either of them passes.
pub(crate) const EITHER: &str = "..YYYYYYYYYYYYYYYY.Y..";

/// A sample fetch.
#[derive(Debug)]
pub(crate) struct Fetch {
    /// Its name.
    pub(crate) name: &'static str,
    /// Where it can be used.
    pub(crate) places: Places,
    /// Its arguments.
    pub(crate) args: ArgSpec<'static>,
    /// What it yields.
    pub(crate) output: SampleType,
    /// Further conditions of the arguments.
    pub(crate) check: Option<Check>,
    /// What it takes its value from, as HAProxy's messages name it, where that does not follow from its places.
    pub(crate) source: Option<&'static str>,
    /// The function.
    pub(crate) run: Run,
}

impl Fetch {
    /// A fetch with one value and no arguments. `row` is its row of `haproxy -dKsmp`.
    pub(crate) const fn one(
        row: &str,
        name: &'static str,
        output: SampleType,
        run: for<'a> fn(&Context<'a>, &'a [Arg]) -> Option<Value<'a>>,
    ) -> Self {
        Self {
            name,
            places: Places::row(row),
            args: ArgSpec::NONE,
            output,
            check: None,
            source: None,
            run: Run::One(run),
        }
    }

    /// The same with several values.
    pub(crate) const fn each(
        row: &str,
        name: &'static str,
        output: SampleType,
        one: for<'a> fn(&Context<'a>, &'a [Arg]) -> Option<Value<'a>>,
        all: for<'a> fn(&Context<'a>, &'a [Arg], &mut dyn FnMut(Value<'a>) -> bool),
    ) -> Self {
        Self {
            name,
            places: Places::row(row),
            args: ArgSpec::NONE,
            output,
            check: None,
            source: None,
            run: Run::Each { one, all },
        }
    }

    /// With arguments.
    pub(crate) const fn args(self, args: ArgSpec<'static>) -> Self {
        Self { args, ..self }
    }

    /// With a check of its arguments.
    pub(crate) const fn check(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    /// With what it takes its value from.
    pub(crate) const fn from(self, source: &'static str) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Whether it looks at the connection to a server, whose addresses the system has to be asked for.
    pub(crate) fn looks_at_server_connection(&self) -> bool {
        self.places == Places::row(SERVER_CONNECTION)
    }

    /// What it takes its value from, as HAProxy's messages name it.
    pub(crate) fn needs(&self) -> &'static str {
        self.source.unwrap_or_else(|| super::place::needs(self.places))
    }
}

/// The tables of all families.
pub(crate) fn all() -> impl Iterator<Item = &'static Fetch> {
    let tables = [
        constant::FETCHES,
        process::FETCHES,
        load::FETCHES,
        section::FETCHES,
        address::FETCHES,
        client::FETCHES,
        tcp_info::FETCHES,
        tls::FETCHES,
        payload::FETCHES,
        hello::FETCHES,
        rdp::FETCHES,
        distcc::FETCHES,
        request::FETCHES,
        parameter::FETCHES,
        header::FETCHES,
        cookie::FETCHES,
        body::FETCHES,
        auth::FETCHES,
        capture::FETCHES,
        response::FETCHES,
        table::FETCHES,
        table::TRACKED,
        table::SOURCE,
    ];
    tables.into_iter().flatten()
}

/// The fetch of that name.
pub(crate) fn find(name: &str) -> Option<&'static Fetch> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Fetch>> =
        LazyLock::new(|| all().map(|fetch| (fetch.name, fetch)).collect());
    BY_NAME.get(name).copied()
}
