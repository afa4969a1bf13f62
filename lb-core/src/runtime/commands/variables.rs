//! `get var` and `set var` (management.txt, section 9.3).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::caller::Caller;
use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use crate::config::AssignmentConditions;
use crate::log::{FormatUse, LogFormat};
use crate::sample::names::Names;
use crate::sample::{Context, Expression, Place, Places, Scope, Value, VariableName, VariableScope};

/// `get var <name>`: a variable of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetVar {
    /// With its scope: `proc.a`.
    pub name: String,
}

/// `set var <name> [expr|fmt] <value>`: a variable of the process. On a socket it needs `experimental-mode on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetVar {
    /// With its scope: `proc.a`.
    pub name: String,
    /// What it is set to.
    pub value: VarValue,
    /// It came from a socket, where the mode counts.
    experimental: bool,
}

/// What a variable is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VarValue {
    /// An expression, in words.
    Expression(Vec<String>),
    /// A format.
    Format(String),
}

/// A variable with its type and value, as `get var` tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// As it was asked for.
    pub name: String,
    /// Its value.
    pub value: Value<'static>,
}

const NO_NAME: &str = "Missing process-wide variable identifier.";

impl GetVar {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let name = words.next().ok_or_else(|| CommandError::new(ErrorCode::Usage, NO_NAME))?;
        Ok(Command::GetVar(Self { name }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let name = VariableName::parse(&self.name).ok().filter(|name| name.scope == VariableScope::Proc);
        let value = name.and_then(|name| instance.topology().variables.get(&name.name));
        let value = value.ok_or_else(|| CommandError::new(ErrorCode::NotFound, "Variable not found."))?;
        Ok(Reply::Variable(Variable { name: self.name.clone(), value }))
    }
}

impl SetVar {
    /// A command that a program makes.
    pub fn new(name: impl Into<String>, value: VarValue) -> Self {
        Self { name: name.into(), value, experimental: false }
    }

    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let usage = |text: String| CommandError::new(ErrorCode::Usage, text);
        let name = words.next().ok_or_else(|| usage(NO_NAME.to_owned()))?;
        let mut rest: Vec<String> = words.iter().map(str::to_owned).collect();
        let value = match (rest.first().map(String::as_str), rest.len()) {
            (None, _) => return Err(usage("Missing either 'expr', 'fmt' or expression.".to_owned())),
            (Some("fmt"), 2..) => VarValue::Format(rest.split_off(1).join(" ")),
            (Some("expr"), 2..) => VarValue::Expression(rest.split_off(1)),
            (Some(_), 1) => VarValue::Expression(rest),
            (Some(other), _) => {
                let text = format!("'set var': arg type must be either 'expr' or 'fmt' but got '{other}'.");
                return Err(usage(text).without_blank_line());
            }
        };
        Ok(Command::SetVar(Self { name, value, experimental: true }))
    }

    pub(crate) fn run(&self, caller: &Caller, instance: &Instance) -> Result<Reply, CommandError> {
        if self.experimental && !caller.experimental {
            return Err(CommandError::new(ErrorCode::Denied, "This command is restricted to experimental mode only."));
        }
        if self.experimental {
            instance.shared.cli.experimental.store(true, Ordering::Relaxed);
        }
        let invalid = |text: String| CommandError::new(ErrorCode::Invalid, text).without_blank_line();
        let name = VariableName::parse(&self.name).map_err(invalid)?;
        if name.scope != VariableScope::Proc {
            let shown = &self.name;
            let text = format!("'set var': cannot set variable '{shown}', only scope 'proc' is permitted here.");
            return Err(invalid(text));
        }
        let topology = instance.topology();
        let names = Names::default();
        let scope = Scope::of(&names, "CLI expression");
        let context = Context {
            place: Place::Cli,
            topology: Some(topology),
            process: Some(&topology.variables),
            tables: &topology.tables,
            last: true,
            ..Context::default()
        };
        let value = match &self.value {
            VarValue::Expression(words) => {
                let (expression, _) = Expression::parse_words(words.iter().map(String::as_str), &scope)
                    .map_err(|error| invalid(error.message))?;
                if !expression.places().contains(Place::Cli) {
                    let (shown, needs) = (&self.name, expression.needs());
                    return Err(invalid(format!(
                        "fetch method 'set-var({shown})' extracts information from '{needs}', none of which is \
                         available here"
                    )));
                }
                let sets = names.references.sets();
                let context = Context { own_sets: Some(&sets), ..context };
                expression.evaluate(&context).map(Value::into_owned)
            }
            VarValue::Format(text) => {
                let usage =
                    FormatUse { http: false, messages: false, rule: true, places: Places::one(Place::Cli), scope };
                let format = LogFormat::parse_in(text, &usage).map_err(|error| invalid(error.to_string()))?;
                let mut out = Vec::new();
                let sets = names.references.sets();
                let context = Context { own_sets: Some(&sets), ..context };
                format.render_alone(&context, &mut out);
                Some(Value::Str(out.into()))
            }
        };
        if let Some(value) = value {
            topology.variables.set_if(&Arc::clone(&name.name), value, AssignmentConditions::default());
        }
        Ok(Reply::Done)
    }
}

impl Variable {
    pub(crate) fn render(&self, out: &mut String) {
        let kind = self.value.kind().word();
        let value = self.value.clone().into_bytes();
        // Control characters would be taken for the frame of the reply.
        let shown: String = String::from_utf8_lossy(&value).chars().filter(|c| !c.is_control()).collect();
        out.push_str(&format!("{}: type={kind} value=<{shown}>\n", self.name));
    }
}
