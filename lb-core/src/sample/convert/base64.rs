//! Base64 and base64url (RFC 4648).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};

use super::{Converter, SampleType, Value};

const LOOSE: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LOOSE);
const URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    LOOSE.with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("base64", SampleType::Bin, SampleType::Str, |_, value, _| {
        Some(Value::text(general_purpose::STANDARD.encode(value.raw()?)))
    }),
    Converter::new("ub64enc", SampleType::Bin, SampleType::Str, |_, value, _| {
        Some(Value::text(URL.encode(value.raw()?)))
    }),
    Converter::new("b64dec", SampleType::Str, SampleType::Bin, |_, value, _| {
        decode(value.raw()?).map(|bytes| Value::Bin(bytes.into()))
    }),
    Converter::new("ub64dec", SampleType::Str, SampleType::Bin, |_, value, _| {
        decode_url(value.raw()?).map(|bytes| Value::Bin(bytes.into()))
    }),
];

/// Decodes base64, with its padding; texts in a row, each with padding, are one, as HAProxy takes them.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = match memchr::memchr(b'=', rest) {
            Some(padding) => (padding / 4 + 1) * 4,
            None => rest.len(),
        };
        let (part, behind) = rest.split_at_checked(end)?;
        STANDARD.decode_vec(part, &mut out).ok()?;
        rest = behind;
    }
    Some(out)
}

/// Decodes base64url, with or without padding.
pub(super) fn decode_url(text: &[u8]) -> Option<Vec<u8>> {
    URL.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HAProxy 2.6.12 takes `=` for a digit of base64url and appends bytes that nobody sent.
    #[test]
    fn padding_of_base64url_is_no_content() {
        assert_eq!(decode_url(b"YQ=="), Some(b"a".to_vec()));
        assert_eq!(decode_url(b"YWI="), Some(b"ab".to_vec()));
        assert_eq!(decode_url(b"===="), None);
    }
}
