//! The help that is printed without arguments.

use crate::version::Identity;

/// What the command line takes.
pub(crate) fn text(identity: Identity) -> String {
    let name = identity.program();
    format!(
        "\
Usage : {name} [-f <cfgfile|cfgdir>]* [ -vdVDq ] [ -c ] [ -n <maxconn> ] [ -N <maxpconn> ]
        [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]
        -v displays version ; -vv shows known build options.
        -d enters debug mode ; -db only disables background mode.
        -V enters verbose mode (disables quiet mode)
        -C changes to <dir> before loading files.
        -D goes daemon
        -p writes pids to this file
        -q quiet mode : don't display messages
        -c check mode : only check config files and exit
        -cc check condition : evaluate a condition and exit
        -n sets the maximum total # of connections (uses ulimit -n)
        -m limits the usable amount of memory (in MB)
        -N sets the default, per-proxy maximum # of connections (0)
        -L set local peer name (default to hostname)
        -dS disables splice usage (broken on old kernels)
        -dR disables SO_REUSEPORT usage
        -dr ignores server address resolution failures
        -dK{{class[,...]}} dump registered keywords (use 'help' for list)
        -dV disables SSL verify on servers side
        -dW fails if any warning is emitted
        -dD diagnostic mode : warn about suspicious configuration statements
        -dL dumps loaded object files after config checks
        -dM, -dG, -de, -dk, -dp are accepted and turn nothing off, see -vv
        -sf/-st [pid ]* finishes/terminates old pids.
        --convert cfg|toml writes the configuration in the other language and exits
"
    )
}
