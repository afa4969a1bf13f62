//! Stage 3: HTTP rules and their actions.
