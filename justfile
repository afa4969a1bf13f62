# The daily verbs; `just` lists them.

default:
    @just --list

# Builds the daemon as it is used
build:
    cargo build --release

# All tests
test *args:
    cargo test --workspace {{args}}

# Format, lints, documentation
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Formats everything
fmt:
    cargo fmt --all
    cargo fmt --manifest-path fuzz/Cargo.toml

# Microbenchmarks: message heads, choice of a server, loading a configuration, stick tables, patterns
bench *args:
    cargo bench -p lb-core --bench h1 --bench balance --bench config --bench table --bench patterns -- {{args}}

# Side by side with HAProxy and nginx; see bench/README.md
compare *args:
    cargo build --release
    LB_BIN="$PWD/target/release/lbd" bench/run {{args}}

# One fuzz target, for ten minutes unless told otherwise: just fuzz config 60
fuzz target seconds="600":
    mkdir -p fuzz/corpus/{{target}}
    cargo +nightly fuzz run {{target}} fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- -max_total_time={{seconds}} -timeout=25

# Installs the C library with header and pkg-config file: just install /usr/local
install prefix="/usr/local":
    cargo build --release -p lb-ffi
    lb-ffi/install.sh {{prefix}}

# Writes the C header anew
header:
    UPDATE_HEADER=1 cargo test -p lb-ffi --test header

# Brings the keyword table of the README up to date
readme:
    UPDATE_README=1 cargo test -p lb-core --test readme

# Everything that is checked before a change is merged
ci:
    .ci/run
