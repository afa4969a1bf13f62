//! One request/response exchange; `run` names every stage in order.
