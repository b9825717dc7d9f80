//! A header decision with one header added, and a change to a JSON answer.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use serde_json::Value;

pub struct Add;

impl Context for Add {}

impl HttpContext for Add {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        let tier = if self.get_http_request_header("x-canary").as_deref() == Some("yes") { "canary" } else { "stable" };
        self.add_http_request_header("x-tier", tier);
        Action::Continue
    }
}

pub struct Mutate;

/// Doubles the first number there is.
fn change(value: &mut Value) -> bool {
    match value {
        Value::Number(n) => {
            *value = Value::from(n.as_f64().unwrap_or(0.0) * 2.0);
            true
        }
        Value::Array(items) => items.iter_mut().any(change),
        Value::Object(fields) => fields.values_mut().any(change),
        _ => false,
    }
}

impl Context for Mutate {}

impl HttpContext for Mutate {
    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        self.set_http_response_header("content-length", None);
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        if !end {
            return Action::Pause;
        }
        let body = self.get_http_response_body(0, size).unwrap_or_default();
        if let Ok(mut value) = serde_json::from_slice::<Value>(&body) {
            if change(&mut value) {
                self.set_http_response_body(0, size, value.to_string().as_bytes());
            }
        }
        Action::Continue
    }
}
