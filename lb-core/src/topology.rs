//! The immutable picture of frontends and backends that workers read; swapped, never edited.
