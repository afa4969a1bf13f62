//! The `bind` lines of a section, and the certificates they name.

use std::path::{Path, PathBuf};

use super::{alert, based, proto_name, warning};
use crate::config::diagnostic::Diagnostics;
use crate::config::files::reason;
use crate::config::model::Config;
use crate::config::proxy::draft::Draft;
use crate::config::tls_words::USE_BOUNDS;
use crate::tls::parameters::{Parameters, Side, VersionWarning, versions};

pub(super) fn check_bind_options(draft: &mut Draft, config: &Config, diags: &mut Diagnostics) {
    if !draft.section.has_frontend() {
        return;
    }
    let name = draft.config.name.clone();
    for (bind, line) in draft.config.binds.iter().zip(&draft.bind_lines) {
        let address = line.arg(1);
        let at = format!("[{}:{}]", line.place.file, line.place.line);
        let last_thread = threads(config);
        if !bind.options.threads.is_empty() && bind.options.threads.iter().all(|thread| *thread > last_thread) {
            let text = format!(
                "Proxy '{name}': 'thread' directive contains threads that belong to no group in 'bind {address}' at {at}."
            );
            alert(diags, line, 1, text);
        }
        if let (Some(proto), false) = (bind.options.proto, draft.is_http()) {
            let proto = proto_name(proto);
            let text = format!("proxy '{name}' : MUX protocol '{proto}' is not usable for 'bind {address}' at {at}.");
            alert(diags, line, 1, text);
        }
        if bind.options.ssl.as_ref().is_some_and(|ssl| ssl.crt.is_empty()) {
            let text =
                format!("Proxy '{name}': no SSL certificate specified for bind '{address}' at {at} (use 'crt').");
            alert(diags, line, 1, text);
        }
    }
    check_tls(draft, config, diags);
    locate_certificates(draft, config, diags);
    if draft.config.binds.is_empty() {
        let text = format!(
            "{} '{name}' has no 'bind' directive. Please declare it as a backend if this was intended.",
            draft.section.label()
        );
        warning(diags, &draft.header, 0, text);
    }
}

/// Worker threads the process will have: `nbthread`, or one per CPU.
fn threads(config: &Config) -> u16 {
    let cpus = || std::thread::available_parallelism().map_or(1, |n| u16::try_from(n.get()).unwrap_or(u16::MAX));
    config.global.nbthread.unwrap_or_else(cpus)
}

/// Versions, ciphers and curves, with the defaults of the process.
fn check_tls(draft: &mut Draft, config: &Config, diags: &mut Diagnostics) {
    let name = draft.config.name.clone();
    for (bind, line) in draft.config.binds.iter_mut().zip(&draft.bind_lines) {
        let Some(ssl) = &mut bind.options.ssl else { continue };
        ssl.options = std::mem::take(&mut ssl.options).or(&config.global.ssl.bind_defaults);
        let of = format!("for bind '{}' at [{}:{}].", line.arg(1), line.place.file, line.place.line);
        for told in versions(&ssl.options, Side::Listener).1 {
            let text = match told {
                VersionWarning::Ignored => format!("no-sslv3/no-tlsv1x are ignored {of} {USE_BOUNDS}"),
                VersionWarning::Ambiguous(max) => format!(
                    "Ambiguous configuration {} the ssl-min-ver value is not configured and the ssl-max-ver value is \
                     lower than the default ssl-min-ver value (TLSv1.2). Setting the ssl-min-ver to {max}. Use \
                     'ssl-min-ver' to fix this.",
                    of.replace("].", "]:")
                ),
                VersionWarning::Old => format!("versions before TLSv1.2 are not supported and not offered {of}"),
                // Here versions begin behind it.
                VersionWarning::Hole(_) => continue,
            };
            warning(diags, line, 1, format!("Proxy '{name}': {text}"));
        }
        if let Err(error) = Parameters::new(&ssl.options, Side::Listener) {
            alert(diags, line, 1, format!("Proxy '{name}': {error} {of}"));
        }
    }
}

/// Certificates are read when the proxy starts; where they are is found, and that they are there, with the configuration.
fn locate_certificates(draft: &mut Draft, config: &Config, diags: &mut Diagnostics) {
    for (bind, line) in draft.config.binds.iter_mut().zip(&draft.bind_lines) {
        for crt in bind.options.ssl.iter_mut().flat_map(|ssl| &mut ssl.crt) {
            let word = line.words.iter().position(|word| Path::new(&word.text) == crt).unwrap_or(0);
            let path = based(&config.global.ssl.crt_base, crt);
            let path = config.names.directories.locate(&line.place.file, &path).into_owned();
            crt.clone_from(&path);
            for file in unused_beside(&path) {
                let text = format!(
                    "'bind {}' in section '{}' : '{}' is not used: OCSP responses and certificate timestamps are not \
                     supported yet.",
                    line.arg(1),
                    draft.section.keyword(),
                    file.display()
                );
                warning(diags, line, word, text);
            }
            let bundled = || [".rsa", ".dsa", ".ecdsa"].iter().any(|kind| beside(&path, kind).is_file());
            if let Err(error) = std::fs::metadata(&path)
                && !bundled()
            {
                let text = format!(
                    "'bind {}' in section '{}' : unable to stat SSL certificate from file '{}' : {}.",
                    line.arg(1),
                    draft.section.keyword(),
                    path.display(),
                    reason(&error)
                );
                diags.alert(line, word, text);
            }
        }
    }
}

/// Files that HAProxy would load with a certificate, or with those of a directory (`ssl-load-extra-files`).
fn unused_beside(path: &Path) -> Vec<PathBuf> {
    const KINDS: [&str; 3] = [".issuer", ".ocsp", ".sctl"];
    let Ok(entries) = std::fs::read_dir(path) else {
        return KINDS.iter().map(|kind| beside(path, kind)).filter(|file| file.is_file()).collect();
    };
    let named =
        |file: &PathBuf| KINDS.iter().any(|kind| file.as_os_str().as_encoded_bytes().ends_with(kind.as_bytes()));
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(named).collect();
    files.sort();
    files
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
