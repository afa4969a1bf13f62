//! Time: a coarse clock that a worker reads once per wake-up, injectable in tests.
