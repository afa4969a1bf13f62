//! haproxy.cfg: never a panic, and what is read comes back the same through TOML and through haproxy.cfg.
#![no_main]

use lb_core::config::convert::{Language, convert};
use lb_core::config::{Config, ConfigError, Document, Environment, LoadOptions, Loaded};
use libfuzzer_sys::fuzz_target;

fn load(text: &str, name: &str) -> Result<Loaded, ConfigError> {
    let options = LoadOptions { environment: Some(Environment::empty()), ..LoadOptions::default() };
    Config::parse_with(text, name, &options)
}

fn words(document: &Document) -> Vec<Vec<Vec<&str>>> {
    let lines = document.sections.iter().map(|section| std::iter::once(&section.header).chain(&section.lines));
    lines.map(|lines| lines.map(|line| line.words.iter().map(|word| word.text.as_str()).collect()).collect()).collect()
}

fuzz_target!(|text: &str| {
    // Files that the text names are opened: not those that never end.
    if text.contains("/dev/") || text.contains("/proc/") || text.contains("/sys/") {
        return;
    }
    match load(text, "fuzz.cfg") {
        Err(error) => {
            assert!(error.diagnostics.has_errors());
            let _ = error.to_string();
        }
        Ok(loaded) => {
            for (language, name) in [(Language::Toml, "again.toml"), (Language::Cfg, "again.cfg")] {
                let converted = convert(&loaded.document, language);
                match load(&converted, name) {
                    Ok(again) => assert_eq!(words(&loaded.document), words(&again.document), "{converted}"),
                    Err(error) => panic!("{error}\n{converted}"),
                }
            }
        }
    }
});
