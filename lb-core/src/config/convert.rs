//! From a document to the text of either configuration language: `lbd --convert`.
//!
//! Both directions are without loss: reading the text again gives the same sections, lines and words. Comments,
//! conditional blocks and variables are resolved while reading and do not come back.

use super::document::Document;

mod cfg;
mod toml;

/// A configuration language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// haproxy.cfg (configuration.txt, section 2).
    Cfg,
    /// Its TOML mirror (see [`config::toml`](super::toml)).
    Toml,
}

impl std::str::FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, UnknownLanguage> {
        match name {
            "cfg" => Ok(Self::Cfg),
            "toml" => Ok(Self::Toml),
            _ => Err(UnknownLanguage(name.to_owned())),
        }
    }
}

/// The name of a language we do not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown configuration language '{0}', expects 'cfg' or 'toml'")]
pub struct UnknownLanguage(String);

/// Writes a document as text in a configuration language.
pub fn convert(document: &Document, to: Language) -> String {
    match to {
        Language::Cfg => cfg::write(document),
        Language::Toml => toml::write(document),
    }
}

/// Quotes a word so that haproxy.cfg's lexer reads it back unchanged (configuration.txt, section 2.2).
pub fn quote(word: &str) -> String {
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if word.contains(['\\', '"', '$']) && !word.chars().any(|c| c == '\'' || c.is_control()) {
        return format!("'{word}'");
    }
    let mut quoted = String::with_capacity(word.len() + 2);
    quoted.push('"');
    for c in word.chars() {
        match c {
            '"' | '\\' | '$' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character means itself outside quotes. `$` does too, but is left to quotes as a reader expects a variable.
fn is_plain(c: char) -> bool {
    !matches!(c, ' ' | '"' | '\'' | '\\' | '#' | '$') && !c.is_control()
}

#[cfg(test)]
mod tests;
