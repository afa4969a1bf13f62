//! Where the relative paths of a configuration file start (configuration.txt, section 3.1, `default-path`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// `default-path`: the directory that files named by relative paths are looked for in. It says nothing to what is opened
/// once everything was read: files of states, sockets, `h1-case-adjust-file`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DefaultPath {
    /// `current`: the one that the process was started in.
    #[default]
    Current,
    /// `config`: the one of the configuration file.
    Config,
    /// `parent`: the one above that of the configuration file.
    Parent,
    /// `origin <path>`: this one.
    Origin(PathBuf),
}

impl DefaultPath {
    /// For a configuration file of this name; nothing is the current directory.
    fn directory(&self, file: &str) -> PathBuf {
        let own = || match file.rfind('/') {
            Some(slash) => PathBuf::from(&file[..=slash]),
            None => PathBuf::new(),
        };
        match self {
            Self::Current => PathBuf::new(),
            Self::Config => own(),
            Self::Parent => own().join(".."),
            Self::Origin(path) => path.clone(),
        }
    }
}

/// The directories of configuration files, while these are read.
#[derive(Debug, Default)]
pub(crate) struct Directories(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// As the last `default-path` said.
    mode: DefaultPath,
    /// By the names of configuration files.
    known: HashMap<Arc<str>, PathBuf>,
}

impl Directories {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A section of this file is read next.
    pub(crate) fn enter(&self, file: &Arc<str>) {
        let State { mode, known } = &mut *self.lock();
        if !known.contains_key(file) {
            known.insert(Arc::clone(file), mode.directory(file));
        }
    }

    /// A `default-path` line of this file: for what follows it, and for all files after this one.
    pub(crate) fn set(&self, mode: DefaultPath, file: &Arc<str>) {
        let mut state = self.lock();
        let directory = mode.directory(file);
        state.known.insert(Arc::clone(file), directory);
        state.mode = mode;
    }

    /// Where the file is that this configuration file calls `path`.
    pub(crate) fn locate<'p>(&self, file: &str, path: &'p Path) -> Cow<'p, Path> {
        match self.lock().known.get(file) {
            Some(directory) if !directory.as_os_str().is_empty() && path.is_relative() => directory.join(path).into(),
            _ => path.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_has_its_directory() {
        let files = ["lb.cfg", "conf/lb.cfg", "/etc/lb/lb.cfg", "/lb.cfg"];
        let place = |mode: &DefaultPath, file: &str| {
            let directories = Directories::default();
            directories.set(mode.clone(), &file.into());
            directories.locate(file, Path::new("maps/a")).display().to_string()
        };
        for (mode, places) in [
            (DefaultPath::Current, ["maps/a", "maps/a", "maps/a", "maps/a"]),
            (DefaultPath::Config, ["maps/a", "conf/maps/a", "/etc/lb/maps/a", "/maps/a"]),
            (DefaultPath::Parent, ["../maps/a", "conf/../maps/a", "/etc/lb/../maps/a", "/../maps/a"]),
            (DefaultPath::Origin("/srv".into()), ["/srv/maps/a", "/srv/maps/a", "/srv/maps/a", "/srv/maps/a"]),
        ] {
            assert_eq!(files.map(|file| place(&mode, file)), places, "{mode:?}");
        }
    }

    #[test]
    fn files_keep_their_directory_and_later_ones_follow() {
        let directories = Directories::default();
        let [first, second, third] = ["a/1.cfg", "b/2.cfg", "c/3.cfg"].map(Arc::<str>::from);
        directories.enter(&first);
        directories.enter(&second);
        directories.set(DefaultPath::Config, &second);
        directories.enter(&third);
        let place = |file: &str, path: &str| directories.locate(file, Path::new(path)).display().to_string();
        assert_eq!(["a/1.cfg", "b/2.cfg", "c/3.cfg"].map(|file| place(file, "x")), ["x", "b/x", "c/x"]);
        assert_eq!(place("b/2.cfg", "/x"), "/x");
    }
}
