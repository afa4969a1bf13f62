//! The command line. HAProxy's single-dash words are rewritten to long options, which clap then reads.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{CommandFactory, Parser};
use lb_core::config::convert::Language;

/// The options of lbd, by their long names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Parser)]
#[command(name = "lbd", disable_help_flag = true, disable_version_flag = true, args_override_self = true)]
pub(crate) struct Cli {
    /// `-f`, `--`: configuration files and directories, in order.
    #[arg(long = "file")]
    pub(crate) files: Vec<PathBuf>,
    /// `-C`: change to this directory before anything is read.
    #[arg(long)]
    pub(crate) directory: Option<PathBuf>,
    /// `-c`.
    #[arg(long)]
    pub(crate) check: bool,
    /// `-cc`.
    #[arg(long)]
    pub(crate) condition: Option<String>,
    /// `--convert cfg|toml`.
    #[arg(long)]
    pub(crate) convert: Option<Language>,
    /// `-d`.
    #[arg(long)]
    pub(crate) debug: bool,
    /// `-db`.
    #[arg(long)]
    pub(crate) foreground: bool,
    /// `-D`: go to the background.
    #[arg(long)]
    pub(crate) daemon: bool,
    /// `-p`: file that takes the process' number.
    #[arg(long)]
    pub(crate) pidfile: Option<PathBuf>,
    /// `-dD`.
    #[arg(long)]
    pub(crate) diagnostics: bool,
    /// `-dW`.
    #[arg(long)]
    pub(crate) zero_warning: bool,
    /// `-dr`.
    #[arg(long)]
    pub(crate) unresolved_names: bool,
    /// `-dS`.
    #[arg(long)]
    pub(crate) no_splice: bool,
    /// `-dR`.
    #[arg(long)]
    pub(crate) no_reuseport: bool,
    /// `-dV`.
    #[arg(long)]
    pub(crate) no_server_verify: bool,
    /// `-m`: megabytes of memory the process may use.
    #[arg(long)]
    pub(crate) memory: Option<u64>,
    /// `-sf`: processes that finish what they serve once this one listens.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) finish: Vec<i32>,
    /// `-st`: processes that end at once when this one listens.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) terminate: Vec<i32>,
    /// `-dL`.
    #[arg(long)]
    pub(crate) dump_libraries: bool,
    /// `-dK`: keyword classes.
    #[arg(long)]
    pub(crate) dump_keywords: Option<String>,
    /// `-L`.
    #[arg(long)]
    pub(crate) localpeer: Option<String>,
    /// `-n`.
    #[arg(long)]
    pub(crate) maxconn: Option<u32>,
    /// `-N`.
    #[arg(long)]
    pub(crate) proxy_maxconn: Option<u32>,
    /// `-q`.
    #[arg(long)]
    pub(crate) quiet: bool,
    /// `-V`.
    #[arg(long)]
    pub(crate) verbose: bool,
    /// `-v`; twice for `-vv`.
    #[arg(long, action = clap::ArgAction::Count)]
    pub(crate) version: u8,
    /// `--help`.
    #[arg(long)]
    pub(crate) help: bool,
}

/// What the process is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Version { build_options: bool },
    Condition(String),
    Convert(Language),
    Check,
    Run,
}

/// Why the arguments make no command line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CliError {
    /// A word that is no option.
    #[error("unknown option '{word}'{}", .nearest.as_ref().map(|n| format!(", did you mean '{n}' maybe ?")).unwrap_or_default())]
    Unknown { word: String, nearest: Option<&'static str> },
    /// An option of HAProxy that does not exist here yet.
    #[error("option '{0}' is not supported yet.")]
    NotSupported(String),
    /// A missing or wrong argument.
    #[error("{0}")]
    Argument(String),
    /// Nothing to do: no configuration file was given.
    #[error("no configuration file")]
    NoConfiguration,
}

/// How a word of HAProxy's is read.
#[derive(Clone, Copy)]
enum Word {
    /// A switch.
    Switch(&'static str),
    /// The next argument is the value, whatever it looks like.
    Value(&'static str),
    /// The numbers that follow, up to the next word that begins with a dash.
    Pids(&'static str),
    /// Turns off what is not there (a polling system, memory pools); `-vv` says so.
    WithoutEffect,
    /// Known to HAProxy, not to us.
    Missing,
}

/// HAProxy's words (management.txt, section 3). `-dK` and `-dM` carry their value in the same word.
const WORDS: [(&str, Word); 35] = [
    ("-f", Word::Value("--file")),
    ("-C", Word::Value("--directory")),
    ("-c", Word::Switch("--check")),
    ("-cc", Word::Value("--condition")),
    ("-d", Word::Switch("--debug")),
    ("-db", Word::Switch("--foreground")),
    ("-dD", Word::Switch("--diagnostics")),
    ("-dW", Word::Switch("--zero-warning")),
    ("-dS", Word::Switch("--no-splice")),
    ("-dR", Word::Switch("--no-reuseport")),
    ("-dV", Word::Switch("--no-server-verify")),
    ("-L", Word::Value("--localpeer")),
    ("-n", Word::Value("--maxconn")),
    ("-N", Word::Value("--proxy-maxconn")),
    ("-q", Word::Switch("--quiet")),
    ("-V", Word::Switch("--verbose")),
    ("-v", Word::Switch("--version")),
    ("-h", Word::Switch("--help")),
    ("-D", Word::Switch("--daemon")),
    ("-W", Word::Missing),
    ("-Ws", Word::Missing),
    ("-p", Word::Value("--pidfile")),
    ("-m", Word::Value("--memory")),
    ("-sf", Word::Pids("--finish")),
    ("-st", Word::Pids("--terminate")),
    ("-x", Word::Missing),
    ("-S", Word::Missing),
    ("-dG", Word::WithoutEffect),
    ("-dL", Word::Switch("--dump-libraries")),
    ("-dM", Word::WithoutEffect),
    ("-dr", Word::Switch("--unresolved-names")),
    ("-de", Word::WithoutEffect),
    ("-dp", Word::WithoutEffect),
    ("-dk", Word::WithoutEffect),
    ("-dK", Word::Missing),
];

impl Cli {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    ///
    /// Unknown words, options that do not exist yet, values that are missing or wrong, or nothing to do.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, CliError> {
        let long = std::iter::once(OsString::from("lbd")).chain(rewrite(arguments)?);
        let cli = Self::try_parse_from(long).map_err(|error| clap_error(&error))?;
        if cli.files.is_empty() && cli.condition.is_none() && cli.version == 0 && !cli.help {
            return Err(CliError::NoConfiguration);
        }
        Ok(cli)
    }

    /// What is to be done. `-v` wins over everything, as it ends HAProxy where it stands.
    pub(crate) fn task(&self) -> Task {
        match (&self.condition, self.convert) {
            _ if self.version > 0 => Task::Version { build_options: self.version > 1 },
            _ if self.help => Task::Help,
            (Some(condition), _) => Task::Condition(condition.clone()),
            (None, Some(language)) => Task::Convert(language),
            (None, None) if self.check => Task::Check,
            (None, None) => Task::Run,
        }
    }

    /// `-q`, unless `-V` takes it back.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet && !self.verbose
    }

    /// Whether the process must stay in the foreground whatever the configuration says.
    pub(crate) fn stays(&self) -> bool {
        self.foreground || self.debug
    }
}

/// HAProxy's words as long options; long options pass unchanged.
fn rewrite(arguments: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, CliError> {
    let mut long = Vec::new();
    let mut arguments = arguments.into_iter().peekable();
    while let Some(argument) = arguments.next() {
        let word = argument.to_string_lossy().into_owned();
        if word == "--" {
            // Everything behind it is a configuration file.
            long.extend(arguments.map(|file| joined("--file", &file)));
            break;
        }
        if let Some(classes) = word.strip_prefix("-dK").filter(|classes| !classes.is_empty()) {
            long.push(joined("--dump-keywords", OsStr::new(classes)));
            continue;
        }
        if word == "-vv" {
            long.extend(["--version".into(), "--version".into()]);
            continue;
        }
        if word.starts_with("-dM") && word.len() > 3 {
            return Err(CliError::NotSupported(word));
        }
        match WORDS.iter().find(|(known, _)| *known == word) {
            Some((_, Word::Switch(name))) => long.push((*name).into()),
            Some((_, Word::Value(name))) => match arguments.next() {
                Some(value) => long.push(joined(name, &value)),
                None => return Err(CliError::Argument(format!("option '{word}' requires an argument."))),
            },
            Some((_, Word::WithoutEffect)) => {}
            Some((_, Word::Pids(name))) => {
                while let Some(pid) = arguments.next_if(|next| !next.to_string_lossy().starts_with('-')) {
                    if pid.to_string_lossy().parse::<i32>().is_err() {
                        let text = format!("{word} option: some bytes unconsumed in PID list {{{}}}", pid.display());
                        return Err(CliError::Argument(text));
                    }
                    long.push(joined(name, &pid));
                }
            }
            Some(("-dK", Word::Missing)) => {
                return Err(CliError::Argument("option '-dK' needs a class, see '-dKhelp'.".to_owned()));
            }
            Some((_, Word::Missing)) => return Err(CliError::NotSupported(word)),
            None if takes_value(&word) => match arguments.next() {
                Some(value) => long.push(joined(&word, &value)),
                None => return Err(CliError::Argument(format!("option '{word}' requires an argument."))),
            },
            None if word.starts_with("--") => long.push(argument),
            None => return Err(unknown(&word)),
        }
    }
    Ok(long)
}

/// Whether a word is a long option whose value is the next argument.
fn takes_value(word: &str) -> bool {
    let command = Cli::command();
    let mut options = command.get_arguments();
    let name = word.strip_prefix("--");
    options.any(|option| option.get_long() == name && option.get_action().takes_values())
}

fn joined(name: &str, value: &OsStr) -> OsString {
    let mut joined = OsString::from(name);
    joined.push("=");
    joined.push(value);
    joined
}

fn unknown(word: &str) -> CliError {
    // Every short word is near to every other.
    let known = WORDS.iter().map(|(known, _)| *known).filter(|known| known.len() > 2 && word.len() > 2);
    CliError::Unknown { word: word.to_owned(), nearest: lb_core::config::suggest::nearest(word, known) }
}

/// clap's errors about long options, in one line.
fn clap_error(error: &clap::Error) -> CliError {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    match error.kind() {
        ErrorKind::UnknownArgument => CliError::Unknown { word: context(ContextKind::InvalidArg), nearest: None },
        _ => {
            let first = error.to_string();
            let first = first.lines().next().unwrap_or_default();
            CliError::Argument(format!("{}.", first.trim_start_matches("error: ")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(line: &str) -> Result<Cli, CliError> {
        Cli::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn words_of_haproxy() {
        let cli = parse("-f a -C /tmp -db -q -n 100 -N 20 -dKcfg,smp -dW -L me -- b -c").unwrap();
        assert_eq!(cli.files, ["a", "b", "-c"].map(PathBuf::from));
        assert_eq!(cli.directory, Some("/tmp".into()));
        assert!(cli.foreground && cli.is_quiet() && cli.stays() && !cli.check && cli.zero_warning);
        assert_eq!((cli.maxconn, cli.proxy_maxconn), (Some(100), Some(20)));
        assert_eq!(cli.dump_keywords.as_deref(), Some("cfg,smp"));
        assert_eq!(cli.task(), Task::Run);
        assert!(!parse("-V -f a -q").unwrap().is_quiet());
        assert!(parse("-dr -f a").unwrap().unresolved_names && !cli.unresolved_names);
    }

    #[test]
    fn a_value_is_the_next_argument_whatever_it_is() {
        assert_eq!(parse("-f -c").unwrap().files, [PathBuf::from("-c")]);
        assert_eq!(parse("-cc -f").unwrap().task(), Task::Condition("-f".to_owned()));
        assert_eq!(parse("-f"), Err(CliError::Argument("option '-f' requires an argument.".to_owned())));
        assert!(matches!(parse("-n 1x -f a"), Err(CliError::Argument(text)) if text.contains("1x")));
    }

    #[test]
    fn old_processes() {
        let cli = parse("-f a -sf 1 2 3 -st 4 -q").unwrap();
        assert_eq!((cli.finish, cli.terminate, cli.quiet), (vec![1, 2, 3], vec![4], true));
        assert_eq!(parse("-sf -f a").unwrap().finish, Vec::<i32>::new());
        let unconsumed = "-sf option: some bytes unconsumed in PID list {x}".to_owned();
        assert_eq!(parse("-f a -sf x"), Err(CliError::Argument(unconsumed)));
    }

    #[test]
    fn words_without_effect() {
        assert!(parse("-f a -dG -de -dp -dk -dM -m 100").is_ok_and(|cli| cli.memory == Some(100)));
    }

    #[test]
    fn tasks() {
        assert_eq!(parse("-v").unwrap().task(), Task::Version { build_options: false });
        assert_eq!(parse("-c -f a -vv").unwrap().task(), Task::Version { build_options: true });
        assert_eq!(parse("-c -c -f a").unwrap().task(), Task::Check);
        assert_eq!(parse("-f a --convert toml").unwrap().task(), Task::Convert(Language::Toml));
        assert_eq!(parse("--check --file a").unwrap().task(), Task::Check);
        assert_eq!(parse("-h").unwrap().task(), Task::Help);
    }

    #[test]
    fn refusals() {
        assert_eq!(parse(""), Err(CliError::NoConfiguration));
        assert_eq!(parse("-c"), Err(CliError::NoConfiguration));
        assert!(matches!(parse("-n100 -f a"), Err(CliError::Unknown { .. })));
        assert!(matches!(parse("-f a stray"), Err(CliError::Unknown { .. })));
        assert!(matches!(parse("--nonsense"), Err(CliError::Unknown { .. })));
        for word in ["-W", "-Ws", "-S", "-x", "-dM0x50"] {
            assert_eq!(parse(word), Err(CliError::NotSupported(word.to_owned())));
        }
    }
}
