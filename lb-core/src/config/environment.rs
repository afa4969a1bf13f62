//! The environment variables a configuration sees: a copy of the process' own, changed while reading.
//!
//! `setenv`, `presetenv`, `unsetenv` and `resetenv` of the `global` section change this copy, never the process
//! itself, so that several configurations can be read by one process at once (configuration.txt, section 2.3).

use super::document::Line;

/// The version this program answers to HAProxy's scripts and configurations.
pub const HAPROXY_VERSION: &str = "2.6.12";

/// Day of the release, in HAProxy's form.
pub const RELEASE_DATE: &str = "2026/11/21";

/// The version told to management clients: HAProxy's, with ours behind it.
pub const COMPATIBLE_VERSION: &str = concat!("2.6.12-lb", env!("CARGO_PKG_VERSION"));

/// Environment variables in the order of the system's: a new one comes last, a changed one stays where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: Vec<(String, String)>,
}

impl Environment {
    /// An environment without any variable.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A copy of the process' environment, plus the variables HAProxy defines before it reads its files. A variable
    /// that is not UTF-8 is left out: no word of a configuration could hold it.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut environment = Self { variables };
        environment.set("HAPROXY_STARTUP_VERSION", COMPATIBLE_VERSION);
        environment.preset("HAPROXY_LOCALPEER", &host_name());
        environment
    }

    /// The value of `name`, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Sets `name`, replacing its value.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.variables.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Sets `name` unless it is set already.
    pub fn preset(&mut self, name: &str, value: &str) {
        if self.get(name).is_none() {
            self.set(name, value);
        }
    }

    /// Removes `name`.
    pub fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// Removes every variable whose name `keep` does not accept.
    pub fn reset(&mut self, keep: impl Fn(&str) -> bool) {
        self.variables.retain(|(name, _)| keep(name));
    }

    /// All variables, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Obeys a `setenv`, `presetenv`, `unsetenv` or `resetenv` line of the `global` section; other lines, and lines
    /// whose arguments are wrong, change nothing.
    pub fn apply(&mut self, line: &Line) {
        let names = || line.words.iter().skip(1).map(|word| word.text.as_str()).take_while(|name| !name.is_empty());
        match line.keyword() {
            "setenv" | "presetenv" if line.arg(2).is_empty() || !line.arg(4).is_empty() => {}
            "setenv" => self.set(line.arg(1), line.arg(2)),
            "presetenv" => self.preset(line.arg(1), line.arg(2)),
            "unsetenv" => names().for_each(|name| self.unset(name)),
            "resetenv" => self.reset(|name| names().any(|kept| kept == name)),
            _ => {}
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(pairs: T) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            environment.set(&name.into(), &value.into());
        }
        environment
    }
}

/// The name of this host, as `hostname` prints it: HAProxy's local peer unless `-L` says otherwise.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document::Word;

    fn line(words: &str) -> Line {
        let words = words.split(' ').map(|w| Word { text: w.into(), column: 1 }).collect();
        Line { words, ..Line::default() }
    }

    fn environment() -> Environment {
        [("HOME", "/root"), ("PATH", "/bin"), ("LANG", "C")].into_iter().collect()
    }

    #[test]
    fn setenv_replaces_and_presetenv_does_not() {
        let mut env = environment();
        env.apply(&line("setenv LANG de"));
        env.apply(&line("presetenv LANG fr"));
        env.apply(&line("presetenv NEW 1"));
        env.apply(&line("setenv INCOMPLETE"));
        assert_eq!((env.get("LANG"), env.get("NEW"), env.get("INCOMPLETE")), (Some("de"), Some("1"), None));
    }

    #[test]
    fn unsetenv_removes_and_resetenv_keeps_what_it_names() {
        let mut env = environment();
        env.apply(&line("unsetenv LANG NONE"));
        assert_eq!(env.iter().count(), 2);
        env.apply(&line("resetenv PATH"));
        assert_eq!(env.iter().collect::<Vec<_>>(), [("PATH", "/bin")]);
        env.apply(&line("resetenv"));
        assert_eq!(env, Environment::empty());
    }
}
