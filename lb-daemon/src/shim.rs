//! What the library will offer; to be deleted once it does.

#![allow(dead_code)]

/// Loading and telling.
pub(crate) mod config {
    pub(crate) use lb_core::config::keyword::dump_keywords;
    pub(crate) use lb_core::config::render::{RenderOptions, render};
    pub(crate) use lb_core::config::{ConfigError, Diagnostics, LoadOptions, Loaded};
    use std::path::PathBuf;

    pub(crate) fn load_files(files: &[PathBuf], options: &LoadOptions) -> Result<Loaded, ConfigError> {
        lb_core::config::Config::load_files(files, options)
    }
}

/// The running instance.
pub(crate) mod proxy {
    use std::os::fd::OwnedFd;
    use std::sync::{Arc, Condvar, Mutex, PoisonError};

    use lb_core::config::Config;

    #[derive(Debug, Default)]
    pub(crate) struct Inherited(Vec<(i32, OwnedFd)>);

    impl Inherited {
        pub(crate) fn insert(&mut self, number: i32, fd: OwnedFd) {
            self.0.push((number, fd));
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct StartOptions {
        pub(crate) inherited: Inherited,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the data path is not there yet")]
    pub(crate) struct StartError;

    #[derive(Clone, Default)]
    pub(crate) struct Proxy(Arc<(Mutex<bool>, Condvar)>);

    impl Proxy {
        pub(crate) fn start(_config: Config, _options: StartOptions) -> Result<Self, StartError> {
            Ok(Self::default())
        }

        pub(crate) fn soft_stop(&self) {
            self.stop();
        }

        pub(crate) fn stop(&self) {
            *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.0.1.notify_all();
        }

        pub(crate) fn wait(&self) {
            let stopped = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
            let _stopped = self.0.1.wait_while(stopped, |stopped| !*stopped);
        }
    }
}
