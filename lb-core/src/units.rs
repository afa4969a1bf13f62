//! Times and sizes as configuration.txt section 2.5 writes them.
