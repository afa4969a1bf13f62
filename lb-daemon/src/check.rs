//! Tasks that read a configuration and end: `-c`, `-cc`, `--convert`.

use std::process::ExitCode;

use lb_core::config::convert::{self, Language};
use lb_core::config::environment::Environment;
use lb_core::config::keyword::dump_keywords;
use lb_core::config::predicate;
use lb_core::config::{Address, Config, ConfigError, Diagnostic, Document, LoadOptions, Loaded, Severity};

use crate::cli::Cli;
use crate::report::Reporter;
use crate::system;

/// Exit status of `-c` for a configuration without listeners, and of `-cc` for an error.
const TWO: u8 = 2;

/// `-c`: 0 when the configuration can be used, 1 when it cannot, 2 when it has no listener.
pub(crate) fn check(cli: &Cli, reporter: &Reporter) -> ExitCode {
    let Some(loaded) = load(cli, reporter) else { return ExitCode::FAILURE };
    // The process ends: to take a million patterns apart first is a tenth of all the work.
    let loaded = std::mem::ManuallyDrop::new(loaded);
    if !has_listener(&loaded) {
        reporter.result("Configuration file has no error but will not start (no listener) => exit(2).");
        return ExitCode::from(TWO);
    }
    if loaded.diagnostics.has_warnings() {
        reporter.result("Warnings were found.");
    }
    reporter.result("Configuration file is valid");
    ExitCode::SUCCESS
}

/// `-cc`: 0 when the condition holds, 1 when it does not, 2 when it is none.
pub(crate) fn condition(expression: &str, reporter: &Reporter) -> ExitCode {
    match predicate::evaluate(expression, &Environment::of_process()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            reporter.alert(&format!("config : Failed to evaluate condition: {error}"));
            ExitCode::from(TWO)
        }
    }
}

/// `--convert`: the configuration on stdout, in the language asked for. Keywords are not looked at: that is `-c`.
pub(crate) fn convert(cli: &Cli, language: Language, reporter: &Reporter) -> ExitCode {
    let Some(options) = prepare(cli, reporter) else { return ExitCode::FAILURE };
    match Document::read_files(&cli.files, &options) {
        Ok((document, diagnostics)) => {
            reporter.diagnostics(&diagnostics, cli.diagnostics);
            print!("{}", convert::convert(&document, language));
            ExitCode::SUCCESS
        }
        Err(ConfigError { diagnostics, .. }) => {
            reporter.diagnostics(&diagnostics, cli.diagnostics);
            ExitCode::FAILURE
        }
    }
}

/// Changes to the directory of `-C`, and says what the configuration is read with.
fn prepare(cli: &Cli, reporter: &Reporter) -> Option<LoadOptions> {
    if let Some(directory) = &cli.directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let why = crate::report::reason(&error);
        reporter.alert(&format!("Could not change to directory {} : {why}", directory.display()));
        return None;
    }
    let mut environment = Environment::of_process();
    if let Some(name) = &cli.localpeer {
        environment.set("HAPROXY_LOCALPEER", name);
    }
    Some(LoadOptions {
        environment: Some(environment),
        zero_warning: cli.zero_warning,
        unresolved_names: cli.unresolved_names,
        ..LoadOptions::default()
    })
}

/// Reads the configuration as the command line says, and tells what was found in it.
pub(crate) fn load(cli: &Cli, reporter: &Reporter) -> Option<Loaded> {
    let options = prepare(cli, reporter)?;
    let mut loaded = match Config::load_files(&cli.files, &options) {
        Ok(loaded) => loaded,
        Err(ConfigError { diagnostics, .. }) => {
            reporter.diagnostics(&diagnostics, cli.diagnostics);
            return None;
        }
    };
    if loaded.config.global.quiet && !cli.verbose {
        reporter.silence();
    }
    find_descriptors(&mut loaded);
    reporter.diagnostics(&loaded.diagnostics, cli.diagnostics);
    if loaded.diagnostics.has_errors() {
        return None;
    }
    if let Some(classes) = &cli.dump_keywords {
        print!("{}", dump_keywords(classes));
    }
    if cli.dump_libraries {
        print!("{}", libraries());
    }
    apply(cli, &mut loaded);
    Some(loaded)
}

/// Adds what is wrong with descriptors that the configuration listens on: only the process knows which it was given.
fn find_descriptors(loaded: &mut Loaded) {
    let stats = loaded.config.global.stats.sockets.iter().map(|bind| ("stats socket", bind));
    let binds = loaded.config.proxies.iter().flat_map(|proxy| &proxy.binds).map(|bind| ("bind", bind));
    for (keyword, bind) in stats.chain(binds) {
        for address in &bind.addresses {
            let Address::Fd(number) = address else { continue };
            let Some(why) = system::refused_listener(*number) else { continue };
            let mut alert = Diagnostic::global(Severity::Alert, format!("'{keyword}' : {why}"));
            alert.place = Some(bind.place.clone());
            loaded.diagnostics.push(alert);
        }
    }
}

/// `-dL`: the object files the process has loaded, each once.
fn libraries() -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut files: Vec<&str> = Vec::new();
    for file in maps.lines().filter_map(|line| line.find('/').and_then(|at| line.get(at..))) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    format!("List of loaded object files:\n{}\n", files.join("\n"))
}

/// Whether anything would listen.
pub(crate) fn has_listener(loaded: &Loaded) -> bool {
    let config = &loaded.config;
    !config.global.stats.sockets.is_empty() || config.proxies.iter().any(|proxy| !proxy.binds.is_empty())
}

/// What the command line says wins over the configuration.
fn apply(cli: &Cli, loaded: &mut Loaded) {
    let global = &mut loaded.config.global;
    if let Some(maxconn) = cli.maxconn.filter(|maxconn| *maxconn > 0) {
        global.maxconn = Some(maxconn);
    }
    if let Some(name) = &cli.localpeer {
        global.localpeer = Some(name.clone());
    }
    global.nosplice |= cli.no_splice;
    global.noreuseport |= cli.no_reuseport;
    global.ssl.server_verify_none |= cli.no_server_verify;
    if let Some(maxconn) = cli.proxy_maxconn.filter(|maxconn| *maxconn > 0) {
        for proxy in loaded.config.proxies.iter_mut().filter(|proxy| proxy.kind.is_frontend()) {
            proxy.maxconn.get_or_insert(maxconn);
        }
    }
}
