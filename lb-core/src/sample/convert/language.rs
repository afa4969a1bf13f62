//! The language that a client likes best of those there are (RFC 9110, Accept-Language).

use std::sync::Arc;

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

pub(super) const CONVERTERS: &[Converter] = &[Converter::new("language", SampleType::Str, SampleType::Str, language)
    .args(ArgSpec::of(1, &[ArgKind::Str, ArgKind::Str]))
    .check(check)];

/// Languages there are.
struct Known(Vec<Box<[u8]>>);

fn check(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let words = argument::text(args, 0).split(|byte| *byte == b';').filter(|word| !word.is_empty());
    let known = Known(words.map(Into::into).collect());
    argument::replace(args, 0, Arg::Own(Arc::new(known)));
    Ok(())
}

fn language<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let known = args.first()?.own::<Known>()?;
    let mut best: Option<(u16, &'a [u8])> = None;
    for entry in value.raw()?.split(|byte| *byte == b',') {
        let mut parts = entry.split(|byte| *byte == b';');
        let found = parts.next().and_then(|name| known.find(name.trim_ascii()));
        let quality = parts.find_map(quality).unwrap_or(1000);
        if let Some(found) = found
            && quality > best.map_or(0, |(quality, _)| quality)
        {
            best = Some((quality, found));
        }
    }
    let fallback = args.get(1).and_then(Arg::text).filter(|text| !text.is_empty());
    best.map(|(_, found)| found).or(fallback).map(Value::str)
}

impl Known {
    /// A language, or the one it is a variant of.
    fn find(&self, name: &[u8]) -> Option<&[u8]> {
        let exact = |name: &[u8]| self.0.iter().find(|known| ***known == *name).map(|known| &**known);
        let base = || name.split(|byte| *byte == b'-').next().filter(|base| base.len() < name.len());
        exact(name).or_else(|| base().and_then(exact))
    }
}

/// The weight in thousandths, if a parameter is one; what is no number is 1.
fn quality(parameter: &[u8]) -> Option<u16> {
    let at = memchr::memchr(b'=', parameter)?;
    let (name, value) = (parameter.get(..at)?, parameter.get(at + 1..)?);
    if !name.trim_ascii().eq_ignore_ascii_case(b"q") {
        return None;
    }
    Some(match value.trim_ascii() {
        [b'0'] => 0,
        [b'0', b'.', digits @ ..] => {
            let digits = digits.iter().take(3).take_while(|digit| digit.is_ascii_digit());
            digits.zip([100, 10, 1]).map(|(digit, unit)| u16::from(digit - b'0') * unit).sum()
        }
        [b'0', ..] => 0,
        _ => 1000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HAProxy 2.6.12 forgets what follows a weight of 0 and a comma.
    #[test]
    fn weights_are_thousandths() {
        for (parameter, weight) in [
            (&b"q=0"[..], Some(0)),
            (b"q=0.0", Some(0)),
            (b"q=0.5", Some(500)),
            (b" Q = 0.0009", Some(0)),
            (b"q=0.9999", Some(999)),
            (b"q=1", Some(1000)),
            (b"q=1.5", Some(1000)),
            (b"q=x", Some(1000)),
            (b"q", None),
            (b"level=1", None),
        ] {
            assert_eq!(quality(parameter), weight, "{}", String::from_utf8_lossy(parameter));
        }
    }
}
