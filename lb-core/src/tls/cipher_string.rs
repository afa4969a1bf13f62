//! Lists of cipher suites in the language of OpenSSL, which HAProxy's `ciphers` and `ciphersuites` are written in (the
//! manual page openssl-ciphers(1)), over the suites that rustls has.

use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite;

/// What a list says.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// The suites to offer, the preferred one first.
    pub(crate) suites: Vec<SupportedCipherSuite>,
    /// Suites that it names and that there are none of here.
    pub(crate) missing: Vec<String>,
}

/// Suites of TLS 1.3 in OpenSSL's order.
static TLS13: [(&str, SupportedCipherSuite); 3] = [
    ("TLS_AES_256_GCM_SHA384", cipher_suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", cipher_suite::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_AES_128_GCM_SHA256", cipher_suite::TLS13_AES_128_GCM_SHA256),
];

/// The suites of TLS 1.3 that a list separated by colons names; `None` where it names none.
pub(crate) fn tls13(list: &str) -> Option<Chosen> {
    let (mut suites, mut missing) = (Vec::new(), Vec::new());
    for name in list.split(':').filter(|name| !name.is_empty()) {
        match TLS13.iter().find(|(known, _)| *known == name) {
            Some((_, suite)) if suites.contains(suite) => {}
            Some((_, suite)) => suites.push(*suite),
            None => missing.push(name.to_owned()),
        }
    }
    (!suites.is_empty()).then_some(Chosen { suites, missing })
}

/// All of them.
pub(crate) fn tls13_default() -> Vec<SupportedCipherSuite> {
    TLS13.iter().map(|(_, suite)| *suite).collect()
}

/// How a suite enciphers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    Aes256,
    ChaCha20,
    Aes128,
}

/// A suite of TLS 1.2. All agree on keys by ephemeral elliptic curves, and authenticate what they encipher.
struct Suite {
    name: &'static str,
    suite: SupportedCipherSuite,
    /// Keys of certificates are ECDSA, not RSA.
    ecdsa: bool,
    encryption: Encryption,
}

impl Suite {
    /// Whether a word of a list is for it: its name, or the name of a group.
    fn is(&self, word: &str) -> bool {
        let aes = self.encryption != Encryption::ChaCha20;
        match word {
            "ALL" | "HIGH" | "TLSv1.2" | "kECDHE" | "kEECDH" | "ECDHE" | "EECDH" => true,
            "aECDSA" | "ECDSA" => self.ecdsa,
            "aRSA" => !self.ecdsa,
            "AES" | "AESGCM" | "FIPS" => aes,
            "AES128" => self.encryption == Encryption::Aes128,
            "AES256" => self.encryption == Encryption::Aes256,
            "CHACHA20" => !aes,
            _ => self.name == word,
        }
    }

    fn bits(&self) -> u16 {
        if self.encryption == Encryption::Aes128 { 128 } else { 256 }
    }
}

const fn suite(name: &'static str, suite: SupportedCipherSuite, ecdsa: bool, encryption: Encryption) -> Suite {
    Suite { name, suite, ecdsa, encryption }
}

/// Suites of TLS 1.2 in OpenSSL's order.
static TLS12: [Suite; 6] = [
    suite(
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        true,
        Encryption::Aes256,
    ),
    suite(
        "ECDHE-RSA-AES256-GCM-SHA384",
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        false,
        Encryption::Aes256,
    ),
    suite(
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        true,
        Encryption::ChaCha20,
    ),
    suite(
        "ECDHE-RSA-CHACHA20-POLY1305",
        cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        false,
        Encryption::ChaCha20,
    ),
    suite(
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        true,
        Encryption::Aes128,
    ),
    suite(
        "ECDHE-RSA-AES128-GCM-SHA256",
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        false,
        Encryption::Aes128,
    ),
];

/// All of them.
pub(crate) fn tls12_default() -> Vec<SupportedCipherSuite> {
    TLS12.iter().map(|suite| suite.suite).collect()
}

/// Names of groups that hold none of the suites that there are.
const EMPTY_GROUPS: &[&str] = &[
    "3DES",
    "ADH",
    "AECDH",
    "AESCCM",
    "AESCCM8",
    "ARIA",
    "ARIA128",
    "ARIA256",
    "ARIAGCM",
    "CAMELLIA",
    "CAMELLIA128",
    "CAMELLIA256",
    "COMPLEMENTOFALL",
    "COMPLEMENTOFDEFAULT",
    "DES",
    "DH",
    "DHE",
    "DSS",
    "EDH",
    "GOST",
    "IDEA",
    "LOW",
    "MD5",
    "MEDIUM",
    "NULL",
    "PSK",
    "RC2",
    "RC4",
    "RSA",
    "SEED",
    "SHA",
    "SHA1",
    "SHA256",
    "SHA384",
    "SRP",
    "SSLv3",
    "TLSv1",
    "TLSv1.0",
    "aDH",
    "aDSS",
    "aECDH",
    "aGOST",
    "aNULL",
    "aPSK",
    "eNULL",
    "kDH",
    "kDHE",
    "kDHEPSK",
    "kDHd",
    "kDHr",
    "kECDH",
    "kECDHEPSK",
    "kEDH",
    "kGOST",
    "kPSK",
    "kRSA",
    "kRSAPSK",
    "kSRP",
];

/// A list that stands for what comes first in it.
fn named_list(list: &str) -> Option<(&'static str, &str)> {
    let suite_b = |rest: &'static str| Some((rest, ""));
    let first = list.split(is_separator).next().unwrap_or_default();
    match first {
        "SUITEB128ONLY" => suite_b("ECDHE-ECDSA-AES128-GCM-SHA256"),
        "SUITEB192" | "SUITEB128C2" => suite_b("ECDHE-ECDSA-AES256-GCM-SHA384"),
        "SUITEB128" => suite_b("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"),
        _ => list.strip_prefix("DEFAULT").map(|rest| ("ALL", rest)),
    }
}

/// The suites of TLS 1.2 that a list chooses; `None` where it is no list or chooses none that there is.
pub(crate) fn tls12(list: &str) -> Option<Chosen> {
    let mut choice = Choice { active: Vec::new(), inactive: TLS12.iter().collect(), bits: 0, missing: Vec::new() };
    let mut rest = list;
    if let Some((first, after)) = named_list(list) {
        choice.rules(first)?;
        rest = after.trim_start_matches(is_name);
    }
    choice.rules(rest)?;
    let Choice { active, bits, missing, .. } = choice;
    let suites: Vec<_> = active.iter().filter(|suite| suite.bits() >= bits).map(|suite| suite.suite).collect();
    (!suites.is_empty()).then_some(Chosen { suites, missing })
}

fn is_separator(c: char) -> bool {
    matches!(c, ':' | ' ' | ';' | ',')
}

/// Whether there is a suite or a group of this name.
fn is_known(word: &str) -> bool {
    TLS12.iter().any(|suite| suite.is(word)) || EMPTY_GROUPS.contains(&word)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '=')
}

/// Suites while the rules of a list are applied.
struct Choice {
    active: Vec<&'static Suite>,
    /// Those that can still be added.
    inactive: Vec<&'static Suite>,
    /// What the level of security asks of a suite.
    bits: u16,
    missing: Vec<String>,
}

impl Choice {
    fn rules(&mut self, list: &str) -> Option<()> {
        let mut rest = list;
        loop {
            rest = rest.trim_start_matches(is_separator);
            let Some(first) = rest.chars().next() else { return Some(()) };
            let (operator, after) = match first {
                '-' | '+' | '!' | '@' => (first, rest.get(1..)?),
                _ => (' ', rest),
            };
            let end = match operator {
                '@' => after.find(|c| !is_name(c)),
                _ => after.find(|c: char| !is_name(c) && c != '+'),
            };
            let (word, next) = after.split_at(end.unwrap_or(after.len()));
            rest = next;
            match operator {
                '@' => self.command(word)?,
                _ => {
                    self.rule(operator, word)?;
                    // Behind a word that nobody knows anything may stand.
                    if !word.split('+').all(is_known) {
                        rest = next.trim_start_matches(|c| !is_separator(c));
                    }
                }
            }
        }
    }

    fn command(&mut self, word: &str) -> Option<()> {
        match word {
            "STRENGTH" => self.active.sort_by_key(|suite| std::cmp::Reverse(suite.bits())),
            // Above these it asks for more than suites can give: longer keys of certificates.
            "SECLEVEL=0" | "SECLEVEL=1" | "SECLEVEL=2" => self.bits = 112,
            _ => return None,
        }
        Some(())
    }

    /// What a word, or several joined by `+`, does to the suites that all of them are for.
    fn rule(&mut self, operator: char, words: &str) -> Option<()> {
        if words.split('+').any(str::is_empty) {
            return None;
        }
        let is = |suite: &&'static Suite| words.split('+').all(|word| suite.is(word));
        match operator {
            '!' => {
                self.active.retain(|suite| !is(suite));
                self.inactive.retain(|suite| !is(suite));
            }
            '-' => {
                let (mut gone, kept): (Vec<_>, Vec<_>) = self.active.iter().copied().partition(is);
                self.active = kept;
                gone.append(&mut self.inactive);
                self.inactive = gone;
            }
            '+' => {
                let (mut last, mut kept): (Vec<_>, Vec<_>) = self.active.iter().copied().partition(is);
                kept.append(&mut last);
                self.active = kept;
            }
            _ => {
                let (mut added, kept): (Vec<_>, Vec<_>) = self.inactive.iter().copied().partition(is);
                self.active.append(&mut added);
                self.inactive = kept;
                self.note_missing(words);
            }
        }
        Some(())
    }

    /// A suite that is named and that there is none of. Those of TLS 1.3 have a list of their own.
    fn note_missing(&mut self, words: &str) {
        if !words.contains('+') && !is_known(words) && words != "TLS" {
            self.missing.push(words.to_owned());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn names(chosen: Option<Chosen>) -> String {
        let short = |suite: &SupportedCipherSuite| {
            TLS12.iter().find(|known| known.suite == *suite).map(|known| {
                let key = if known.ecdsa { 'E' } else { 'R' };
                format!(
                    "{key}{}",
                    match known.encryption {
                        Encryption::Aes256 => "256",
                        Encryption::ChaCha20 => "cha",
                        Encryption::Aes128 => "128",
                    }
                )
            })
        };
        chosen.map_or(String::new(), |chosen| chosen.suites.iter().filter_map(short).collect::<Vec<_>>().join(" "))
    }

    /// What `openssl ciphers -s -tls1_2` of OpenSSL 3.0.19 prints for each list, without the suites that rustls lacks.
    #[test]
    fn lists_choose_what_they_choose_in_openssl() {
        for case in include_str!("cipher_cases.txt").lines().filter(|line| !line.starts_with('#')) {
            let (list, chosen) = case.split_once('\t').expect("a list and what it chooses");
            assert_eq!(names(tls12(list)), chosen, "{list}");
        }
    }

    #[test]
    fn suites_that_are_not_there_are_told() {
        let debian = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                      ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
                      DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384";
        let chosen = tls12(debian).unwrap();
        assert_eq!(names(Some(chosen.clone())), "E128 R128 E256 R256 Echa Rcha");
        assert_eq!(chosen.missing, ["DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384"]);
        assert_eq!(tls12("HIGH:!aNULL:!MD5:kRSA:-bogus").unwrap().missing, Vec::<String>::new());
        let chosen = tls13("TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256::TLS_AES_128_GCM_SHA256").unwrap();
        assert_eq!((chosen.suites.len(), chosen.missing), (1, vec!["TLS_AES_128_CCM_SHA256".to_owned()]));
        assert!(tls13("bogus").is_none() && tls13("").is_none());
    }

    #[test]
    fn what_asks_for_longer_keys_is_refused() {
        assert!(tls12("ALL:@SECLEVEL=2").is_some() && tls12("ALL:@SECLEVEL=3").is_none());
    }
}
