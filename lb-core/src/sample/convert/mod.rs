//! Converters: what may follow a fetch (configuration.txt, section 7.3.1).
//!
//! One file per family, each with its table.

mod map;
mod number;
mod text;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arg::{Arg, ArgSpec};
use super::context::Context;
use super::fetch::Check;
use super::value::{SampleType, Value};

/// A converter.
pub(crate) struct Converter {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its arguments.
    pub(crate) args: ArgSpec,
    /// What it takes.
    pub(crate) input: SampleType,
    /// What it yields; [`SampleType::Any`] where that is what it was given.
    pub(crate) output: SampleType,
    /// Further conditions of the arguments.
    pub(crate) check: Option<Check>,
    /// The function.
    pub(crate) run: for<'a> fn(&Context<'a>, Value<'a>, &'a [Arg]) -> Option<Value<'a>>,
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Converter {
    /// A converter without arguments.
    pub(crate) const fn new(
        name: &'static str,
        input: SampleType,
        output: SampleType,
        run: for<'a> fn(&Context<'a>, Value<'a>, &'a [Arg]) -> Option<Value<'a>>,
    ) -> Self {
        Self { name, args: ArgSpec::NONE, input, output, check: None, run }
    }

    /// With arguments.
    pub(crate) const fn args(self, args: ArgSpec) -> Self {
        Self { args, ..self }
    }

    /// With a check of its arguments.
    pub(crate) const fn check(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }
}

/// The tables of all families.
pub(crate) fn all() -> impl Iterator<Item = &'static Converter> {
    [map::CONVERTERS, number::CONVERTERS, text::CONVERTERS].into_iter().flatten()
}

/// The converter of that name.
pub(crate) fn find(name: &str) -> Option<&'static Converter> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Converter>> =
        LazyLock::new(|| all().map(|converter| (converter.name, converter)).collect());
    BY_NAME.get(name).copied()
}
