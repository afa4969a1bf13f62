//! Strings.

use std::borrow::Cow;

use super::{Converter, SampleType, Value};

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("lower", SampleType::Str, SampleType::Str, |_, value, _| {
        let Value::Str(text) = value else { return None };
        Some(Value::Str(Cow::Owned(text.to_ascii_lowercase())))
    }),
    Converter::new("upper", SampleType::Str, SampleType::Str, |_, value, _| {
        let Value::Str(text) = value else { return None };
        Some(Value::Str(Cow::Owned(text.to_ascii_uppercase())))
    }),
];
