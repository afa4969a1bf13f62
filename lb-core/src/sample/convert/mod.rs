//! Converters: what may follow a fetch (configuration.txt, section 7.3.1).
//!
//! One file per family, each with its table.

mod address;
mod aes;
mod argument;
mod base64;
mod binary;
mod digest;
mod fields;
mod fix;
mod hash;
mod json;
mod json_query;
mod jwt;
mod language;
mod map;
mod mqtt;
mod number;
mod protobuf;
mod regsub;
mod stream;
mod strftime;
mod table;
mod text;
mod time;
mod url;
mod variable;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arg::{Arg, ArgKind, ArgSpec};
use super::context::Context;
use super::expression::Scope;
use super::fetch::Check;
use super::value::{SampleType, Value};

/// What a converter does: given the value in the type it takes, and its arguments.
pub(crate) type Convert = for<'a> fn(&Context<'a>, Value<'a>, &'a [Arg]) -> Option<Value<'a>>;

/// A converter.
pub(crate) struct Converter {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its arguments.
    pub(crate) args: ArgSpec<'static>,
    /// What it takes.
    pub(crate) input: SampleType,
    /// What it yields; [`SampleType::Any`] where that is only known when it is there.
    pub(crate) output: SampleType,
    /// Further conditions of the arguments.
    pub(crate) check: Option<Check>,
    /// The function.
    pub(crate) run: Convert,
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Converter {
    /// A converter without arguments.
    pub(crate) const fn new(name: &'static str, input: SampleType, output: SampleType, run: Convert) -> Self {
        Self { name, args: ArgSpec::NONE, input, output, check: None, run }
    }

    /// With arguments.
    pub(crate) const fn args(self, args: ArgSpec<'static>) -> Self {
        Self { args, ..self }
    }

    /// With a check of its arguments.
    pub(crate) const fn check(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }
}

/// The tables of all families.
pub(crate) fn all() -> impl Iterator<Item = &'static Converter> {
    [
        address::CONVERTERS,
        aes::CONVERTERS,
        base64::CONVERTERS,
        binary::CONVERTERS,
        digest::CONVERTERS,
        fields::CONVERTERS,
        fix::CONVERTERS,
        hash::CONVERTERS,
        json::CONVERTERS,
        json_query::CONVERTERS,
        jwt::CONVERTERS,
        language::CONVERTERS,
        map::CONVERTERS,
        mqtt::CONVERTERS,
        number::CONVERTERS,
        protobuf::CONVERTERS,
        regsub::CONVERTERS,
        stream::CONVERTERS,
        table::CONVERTERS,
        text::CONVERTERS,
        time::CONVERTERS,
        url::CONVERTERS,
        variable::CONVERTERS,
    ]
    .into_iter()
    .flatten()
}

/// The converter of that name.
pub(crate) fn find(name: &str) -> Option<&'static Converter> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Converter>> =
        LazyLock::new(|| all().map(|converter| (converter.name, converter)).collect());
    BY_NAME.get(name).copied()
}
