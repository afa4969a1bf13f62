//! Conditions of `.if` and `-cc`: never a panic or an endless descent, and an answer that does not change.
#![no_main]

use lb_core::config::{Environment, predicate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut environment = Environment::empty();
    environment.set("A", "1");
    let answer = predicate::evaluate(text, &environment);
    assert_eq!(answer, predicate::evaluate(text, &environment));
    if let Ok(value) = answer {
        // Every expression can stand in parentheses, as far as the depth allows.
        if let Ok(inner) = predicate::evaluate(&format!("!({text})"), &environment) {
            assert_eq!(inner, !value);
        }
    }
});
