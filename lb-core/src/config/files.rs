//! Which files make up a configuration, and their contents (management guide, section 3: `-f` and `--`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file or directory that cannot be read, in HAProxy's words.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It does not exist, or a directory cannot be listed.
    #[error("Cannot open configuration file/directory {} : {}", .path.display(), reason(.source))]
    Open {
        /// As the user wrote it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It exists but cannot be read.
    #[error("Could not open configuration file {} : {}", .path.display(), reason(.source))]
    Read {
        /// As the user wrote it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The files that `paths` stand for, in the order in which they are read.
///
/// A directory stands for the regular files in it whose names end in `.cfg` and do not start with a dot, in the byte
/// order of their names. It may have none.
///
/// # Errors
///
/// The first path that does not exist, or a directory that cannot be listed.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for path in paths {
        let open = |source| FileError::Open { path: path.clone(), source };
        if fs::metadata(path).map_err(open)?.is_dir() {
            files.extend(configuration_files(path).map_err(open)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// The contents of a configuration file.
///
/// # Errors
///
/// The system's, with HAProxy's text.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError::Read { path: path.to_owned(), source })
}

fn configuration_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let bytes = name.as_encoded_bytes();
        let wanted = bytes.ends_with(b".cfg") && !bytes.starts_with(b".");
        // Follows links, like HAProxy; an entry that vanished meanwhile is not a file.
        if wanted && fs::metadata(directory.join(&name)).is_ok_and(|metadata| metadata.is_file()) {
            names.push(name);
        }
    }
    names.sort_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
    Ok(names.into_iter().map(|name| directory.join(name)).collect())
}

/// The system's words for an error, without Rust's number behind them.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_its_cfg_files_in_byte_order() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.cfg", "a.cfg", "Z.cfg", "10.cfg", "9.cfg", "c.txt", ".hidden.cfg", "cfg"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        fs::create_dir(directory.path().join("d.cfg")).unwrap();
        let single = directory.path().join("c.txt");
        let files = expand(&[directory.path().to_owned(), single]).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["10.cfg", "9.cfg", "Z.cfg", "a.cfg", "b.cfg", "c.txt"]);
    }

    #[test]
    fn what_does_not_exist() {
        let error = expand(&["nope.cfg".into()]).unwrap_err();
        assert_eq!(error.to_string(), "Cannot open configuration file/directory nope.cfg : No such file or directory");
    }
}
