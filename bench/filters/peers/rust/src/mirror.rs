//! Copies a request to the cluster `shadow`. Neither redacts nor compares.

use proxy_wasm::hostcalls::set_effective_context;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use serde_json::Value;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// Which requests are copied.
pub struct Sampling {
    share: f64,
    header: Option<(String, String)>,
    cookie: Option<String>,
    random: Cell<u64>,
}

impl Sampling {
    pub fn read(value: &Value) -> Self {
        let text = |v: &Value| v.as_str().map(str::to_owned);
        Sampling {
            share: value["share"].as_f64().unwrap_or(1.0),
            header: text(&value["header"][0]).zip(text(&value["header"][1])),
            cookie: text(&value["cookie"]),
            random: Cell::new(0x9e37_79b9_7f4a_7c15),
        }
    }

    /// A number in 0..1, by xorshift.
    fn draw(&self) -> f64 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.set(x);
        (x >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A session's place in 0..1: FNV-1a of its id.
fn place(session: &str) -> f64 {
    let hash = session.bytes().fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    f64::from(hash) / f64::from(u32::MAX)
}

fn cookie<'a>(all: &'a str, name: &str) -> Option<&'a str> {
    all.split(';').find_map(|one| one.trim_start().strip_prefix(name)?.strip_prefix('='))
}

pub struct Mirror {
    root: u32,
    sampling: Rc<Sampling>,
    headers: Option<Vec<(String, String)>>,
    body: Vec<u8>,
}

impl Mirror {
    pub fn new(root: u32, sampling: Rc<Sampling>) -> Self {
        Mirror { root, sampling, headers: None, body: Vec::new() }
    }

    fn sampled(&self) -> bool {
        let s = &self.sampling;
        if let Some((name, value)) = &s.header {
            return self.get_http_request_header(name).as_ref() == Some(value);
        }
        if let Some(name) = &s.cookie {
            let all = self.get_http_request_header("cookie").unwrap_or_default();
            return place(cookie(&all, name).unwrap_or_default()) < s.share;
        }
        s.share >= 1.0 || s.draw() < s.share
    }

    /// By the root context: a stream's own callouts are cancelled when it ends.
    fn send(&mut self) {
        let headers = match self.headers.take() {
            Some(headers) => headers,
            None => return,
        };
        let mut pairs: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        pairs.push(("x-umbra-shadow", "1"));
        if set_effective_context(self.root).is_err() {
            return;
        }
        let _ = self.dispatch_http_call("shadow", pairs, Some(&self.body), vec![], Duration::from_secs(5));
    }
}

impl Context for Mirror {}

impl HttpContext for Mirror {
    fn on_http_request_headers(&mut self, _count: usize, end: bool) -> Action {
        if self.sampled() {
            self.headers = Some(self.get_http_request_headers());
            if end {
                self.send();
            }
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if self.headers.is_some() {
            if let Some(bytes) = self.get_http_request_body(0, size) {
                self.body.extend_from_slice(&bytes);
            }
            if end {
                self.send();
            }
        }
        Action::Continue
    }
}
