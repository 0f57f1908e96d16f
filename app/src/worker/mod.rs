//! The worker: a session, driven step by step between messages from the page.
//!
//! Everything happens in one loop: first the messages, then a step if the run is running. Nothing
//! overlaps, so pausing is not stepping and stopping is dropping the session.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use js_sys::Array;
use retort_core::checkpoint::Files;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::{
    protocol::{FromWorker, ToWorker},
    wire,
};

mod bench;
mod conformance;
mod course;
mod drive;
mod keep;
mod look;
mod series;

/// Listens, tells the page so, and works from then on.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        let message = panic.payload_as_str().unwrap_or("no message").to_owned();
        tell(&FromWorker::Crashed { message }, &Files::new());
    }));
    let inbox = Rc::new(RefCell::new(Inbox::default()));
    let filled = inbox.clone();
    let onmessage = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match wire::unpack::<ToWorker>(&event.data()) {
            Some(message) => filled.borrow_mut().push(message),
            None => log::error!("the page said something that is not understood"),
        }
    });
    scope().set_onmessage(Some(onmessage.as_ref().unchecked_ref()));
    onmessage.forget();
    tell(&FromWorker::Booted, &Files::new());
    wasm_bindgen_futures::spawn_local(drive::Driver::default().run(Mail(inbox)));
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Posts a message to the page; the files' buffers are handed over, not copied.
fn tell(message: &FromWorker, files: &Files) {
    let posted = wire::pack(message, files).and_then(|packed| {
        let buffers: Array = wire::buffers(&packed).unwrap_or_default();
        scope().post_message_with_transfer(&packed, &buffers)
    });
    if let Err(error) = posted {
        report(&error);
    }
}

/// The same without files.
fn say(message: FromWorker) {
    tell(&message, &Files::new());
}

fn report(error: &JsValue) {
    log::error!("the page took no message: {error:?}");
}

#[derive(Default)]
struct Inbox {
    messages: VecDeque<(ToWorker, Files)>,
    waker: Option<Waker>,
}

impl Inbox {
    fn push(&mut self, message: (ToWorker, Files)) {
        self.messages.push_back(message);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// The page's messages, in order.
struct Mail(Rc<RefCell<Inbox>>);

impl Mail {
    /// The next one, if there is one.
    fn next(&self) -> Option<(ToWorker, Files)> {
        self.0.borrow_mut().messages.pop_front()
    }

    /// The next one, whenever it comes.
    async fn wait(&self) -> (ToWorker, Files) {
        poll_fn(|context| match self.next() {
            Some(message) => Poll::Ready(message),
            None => {
                self.0.borrow_mut().waker = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}
