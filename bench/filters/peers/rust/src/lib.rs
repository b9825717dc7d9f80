//! The same work as the bench's other contenders, written with the Rust SDK as its users would. One module, one kind of work
//! per plugin configuration: `{"work": "add"}`, `{"work": "mutate"}`, or
//! `{"work": "mirror", "share": 0..1, "header": [name, value], "cookie": name}`.

mod mirror;
mod small;

use mirror::{Mirror, Sampling};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};
use serde_json::Value;
use small::{Add, Mutate};
use std::rc::Rc;

#[derive(Clone)]
enum Work {
    Add,
    Mutate,
    Mirror(Rc<Sampling>),
}

struct Root {
    id: u32,
    work: Option<Work>,
}

fn read(configuration: &[u8]) -> Option<Work> {
    let value: Value = serde_json::from_slice(configuration).ok()?;
    match value["work"].as_str()? {
        "add" => Some(Work::Add),
        "mutate" => Some(Work::Mutate),
        "mirror" => Some(Work::Mirror(Rc::new(Sampling::read(&value)))),
        _ => None,
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.work = self.get_plugin_configuration().and_then(|c| read(&c));
        self.work.is_some()
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(match self.work.clone()? {
            Work::Add => Box::new(Add),
            Work::Mutate => Box::new(Mutate),
            Work::Mirror(sampling) => Box::new(Mirror::new(self.id, sampling)),
        })
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|id| Box::new(Root { id, work: None }));
}}
