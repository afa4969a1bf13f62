//! Sockets handed over by number (`bind fd@3`): the one place where a number becomes an owned descriptor.

use std::collections::BTreeSet;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;

use lb_core::config::{Address, Config};

use lb_core::net::Inherited;

/// Takes the descriptors that the configuration names and that are open.
///
/// To be called before the process opens anything of its own: a number that is named but was not handed over would
/// otherwise be found open.
#[allow(unsafe_code)]
pub(crate) fn take(config: &Config) -> Inherited {
    let mut inherited = Inherited::default();
    for number in numbers(config) {
        if Path::new("/proc/self/fd").join(number.to_string()).symlink_metadata().is_err() {
            continue;
        }
        // SAFETY: the descriptor is open, each number is taken once as `numbers` is a set, and nothing else in the
        // process owns it: it was opened by our parent and named to us as ours.
        let fd = unsafe { OwnedFd::from_raw_fd(number) };
        inherited.insert(number, fd);
    }
    inherited
}

fn numbers(config: &Config) -> BTreeSet<i32> {
    let binds = config.proxies.iter().flat_map(|proxy| &proxy.binds);
    let fds = binds.flat_map(|bind| &bind.addresses).filter_map(|address| match address {
        Address::Fd(number) => Some(*number),
        _ => None,
    });
    fds.filter(|number| *number >= 0).collect()
}
