//! A server: administrative and operational state, counters, health checks.
