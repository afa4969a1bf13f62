//! Small programs that embed lb. The programs are under `examples/`, configurations in both languages under `configs/`,
//! and a C program under `c/`:
//!
//! | | |
//! |---|---|
//! | `embed_http` | an HTTP load balancer made by calls |
//! | `embed_tcp` | a TCP load balancer that stops softly |
//! | `load_config` | runs a configuration file, and tells everything that is wrong with it |
//! | `own_balance` | an algorithm of the program's own |
//! | `report_health` | what the program knows of the health of its servers |
//! | `two_instances` | two instances in one process |
//! | `c/embed.c` | a load balancer inside a C program |
