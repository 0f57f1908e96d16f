//! What the components share: the page's state, the visitor's choices, and the line to the worker.

use std::{cell::RefCell, rc::Rc, time::Duration};

use leptos::{prelude::*, task::spawn_local};
use retort_core::{
    checkpoint::Files,
    platform::{self, DeviceChoice},
    run::Run,
    train::Start,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::browser;
use crate::{
    address::Config,
    protocol::{FromWorker, ToWorker},
    status::{Page, Stage},
    terms::Terms,
    wire,
};

/// Messages are shown at most this often, so that a fast run does not drown the page.
const SHOW_EVERY: Duration = Duration::from_millis(50);

/// Shared by all components.
#[derive(Clone, Copy)]
pub struct Desk {
    /// What the page knows.
    pub page: RwSignal<Page>,
    /// The worker answered. Apart from the page, which changes with every message.
    pub ready: Memo<bool>,
    /// What the visitor chose.
    pub config: RwSignal<Config>,
    /// The run of the preset that it started from.
    pub base: Memo<Run>,
    /// The run's terms, those that are switched off among them.
    pub terms: RwSignal<Terms>,
    /// Whether the models answer with words.
    pub words: Memo<bool>,
    /// Files of the visitor's own.
    pub uploads: RwSignal<Files>,
    /// What the worker handed over to be saved.
    pub exports: RwSignal<Files>,
    /// Where the visitor's choices could not be taken.
    pub complaint: RwSignal<Option<String>>,
    line: StoredValue<Line, LocalStorage>,
}

#[derive(Default)]
struct Line {
    worker: Option<Worker>,
    booted: bool,
    waiting: Vec<JsValue>,
    deaths: usize,
    heard: Rc<RefCell<Vec<(FromWorker, Files)>>>,
    listeners: Vec<Listener>,
}

/// Hears every message of the worker before the page does.
type Listener = Rc<dyn Fn(&FromWorker)>;

impl Desk {
    /// Reads the address, keeps the choices there, starts the worker.
    pub fn open() -> Self {
        let (config, errors) = Config::read(&browser::query());
        let complaint = errors.iter().map(ToString::to_string).reduce(|all, next| format!("{all}. {next}"));
        let desk = Self::of(config, complaint);
        Effect::watch(move || desk.config.get(), |config, _, _| browser::set_query(&config.write()), false);
        desk
    }

    /// A desk that leaves the address alone, and starts the worker.
    pub fn of(config: Config, complaint: Option<String>) -> Self {
        let (page, config) = (RwSignal::<Page>::default(), RwSignal::new(config));
        let desk = Self {
            page,
            ready: Memo::new(move |_| page.with(|page| page.ready)),
            config,
            base: Memo::new(move |_| config.with(Config::base)),
            terms: RwSignal::default(),
            words: Memo::new(move |_| config.with(|config| page.with(|page| page.asks_words(&config.run)))),
            uploads: RwSignal::default(),
            exports: RwSignal::default(),
            complaint: RwSignal::new(complaint),
            line: StoredValue::new_local(Line::default()),
        };
        desk.spawn();
        Effect::new(move |_| desk.config.with(|config| desk.terms.update(|terms| terms.follow(config))));
        let device = Memo::new(move |_| config.with(|config| config.device));
        Effect::watch(move || device.get(), move |&device, _, _| desk.send(&ToWorker::Prepare { device }), false);
        // A hidden tab may be put to sleep, a closed one is gone: save while there is time.
        window_event_listener(leptos::ev::pagehide, move |_| desk.save());
        window_event_listener_untyped("visibilitychange", move |_| {
            desk.page.update(|page| page.hide(document().hidden()));
            if document().hidden() {
                desk.save();
            }
        });
        desk
    }

    fn save(&self) {
        if self.page.with_untracked(|page| page.stage == Stage::Running) {
            self.send(&ToWorker::Save);
        }
    }

    /// Lets somebody hear every message of the worker.
    pub fn listen(&self, listener: impl Fn(&FromWorker) + 'static) {
        self.line.update_value(|line| line.listeners.push(Rc::new(listener)));
    }

    /// Asks the worker for something.
    pub fn send(&self, message: &ToWorker) {
        self.send_with(message, &Files::new());
    }

    /// The same, with files.
    pub fn send_with(&self, message: &ToWorker, files: &Files) {
        match wire::pack(message, files) {
            Ok(packed) => self.line.update_value(|line| line.post(packed)),
            Err(error) => log::error!("a message could not be packed: {error:?}"),
        }
    }

    /// Opens a new run from what is chosen.
    pub fn open_run(&self) {
        let config = self.config.get_untracked();
        match config.run.to_toml() {
            Ok(run) => {
                self.page.update(|page| page.stage = Stage::Opening);
                self.complaint.set(None);
                self.exports.set(Files::new());
                self.uploads.with_untracked(|files| {
                    self.send_with(&ToWorker::Open { run, device: config.device, title: None }, files)
                });
                // Only a page may ask that what is kept stays when room becomes scarce.
                spawn_local(async { log::info!("storage persists: {}", platform::persist().await) });
            }
            Err(error) => self.complaint.set(Some(error.to_string())),
        }
    }

    /// Takes another recipe, or none: the method is then the run's own. A recipe brings its phases and
    /// the student's first weights.
    pub fn follow(&self, recipe: &str) {
        self.config.update(|config| match recipe {
            "" => config.run.recipe = None,
            _ => match config.run.set(&format!("recipe={recipe}")) {
                Ok(run) => config.run = run,
                Err(error) => self.complaint.set(Some(error.to_string())),
            },
        });
    }

    /// Goes on with a run that the browser kept.
    pub fn resume(&self, id: String) {
        self.page.update(|page| page.stage = Stage::Opening);
        self.send(&ToWorker::Resume { id, device: self.device() });
    }

    /// Has what is chosen looked at.
    pub fn describe(&self) {
        let config = self.config.get_untracked();
        if let Ok(run) = config.run.to_toml() {
            self.uploads
                .with_untracked(|files| self.send_with(&ToWorker::Describe { run, device: config.device }, files));
        }
    }

    /// Has the columns of a file looked at.
    pub fn look_at(&self, name: String, bytes: Vec<u8>) {
        self.send_with(&ToWorker::Sheet { name: name.clone() }, &Files::from([(name, bytes)]));
    }

    /// Opens a new run of what is chosen that starts from the last checkpoint of one that is kept.
    pub fn branch(&self, id: &str) {
        let config = self.config.get_untracked();
        match config.run.to_toml() {
            Ok(run) => {
                self.page.update(|page| page.stage = Stage::Opening);
                let (id, device) = (id.to_owned(), config.device);
                self.send(&ToWorker::Branch { id, from: Start::Last, run, device, title: None });
            }
            Err(error) => self.complaint.set(Some(error.to_string())),
        }
    }

    /// Where to compute.
    pub fn device(&self) -> DeviceChoice {
        self.config.with_untracked(|config| config.device)
    }

    fn spawn(self) {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = match Worker::new_with_options(&browser::address("worker_boot.js"), &options) {
            Ok(worker) => worker,
            Err(error) => {
                let message =
                    format!("this browser starts no worker, and without one nothing can be trained ({error:?})");
                return self.page.update(|page| page.hear(FromWorker::Failed { message, closed: true }));
            }
        };
        let onmessage = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            match wire::unpack::<FromWorker>(&event.data()) {
                Some((message, files)) => self.hear(message, files),
                None => log::error!("the worker said something that is not understood"),
            }
        });
        let onerror = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            self.hear(FromWorker::Crashed { message: event.message() }, Files::new());
        });
        worker.set_onmessage(Some(onmessage.as_ref().unchecked_ref()));
        worker.set_onerror(Some(onerror.as_ref().unchecked_ref()));
        // They live as long as the worker, which is as long as the page save for crashes.
        onmessage.forget();
        onerror.forget();
        self.line.update_value(|line| {
            line.worker = Some(worker);
            line.booted = false;
        });
    }

    fn hear(self, message: FromWorker, files: Files) {
        match &message {
            FromWorker::Booted => {
                self.line.update_value(Line::boot);
                self.send(&ToWorker::Hello);
                return self.send(&ToWorker::Prepare { device: self.device() });
            }
            FromWorker::Crashed { .. } => return self.bury(message),
            FromWorker::Ready { .. } => self.line.update_value(|line| line.deaths = 0),
            _ => {}
        }
        let heard = self.line.with_value(|line| line.heard.clone());
        let first = heard.borrow().is_empty();
        heard.borrow_mut().push((message, files));
        if first {
            set_timeout(move || self.show(&heard), SHOW_EVERY);
        }
    }

    fn show(self, heard: &RefCell<Vec<(FromWorker, Files)>>) {
        let messages = std::mem::take(&mut *heard.borrow_mut());
        for listener in self.line.with_value(|line| line.listeners.clone()) {
            messages.iter().for_each(|(message, _)| listener(message));
        }
        self.page.update(|page| {
            for (message, files) in messages {
                match &message {
                    FromWorker::Exported => self.exports.set(files),
                    FromWorker::Opened { run, .. } => self.adopt(run),
                    FromWorker::Archived { name } => {
                        files.values().for_each(|bytes| browser::save(name, bytes));
                    }
                    _ => {}
                }
                page.hear(message);
            }
        });
    }

    /// The form shows the run that is open, wherever it came from.
    fn adopt(self, run: &str) {
        match Run::from_toml("the open run", run) {
            Ok(run) => self.config.update(|config| config.run = run),
            Err(error) => self.complaint.set(Some(error.to_string())),
        }
    }

    /// After a crash: a new worker, unless the last one died before it could say a word.
    fn bury(self, message: FromWorker) {
        self.line.update_value(|line| {
            if let Some(worker) = line.worker.take() {
                worker.set_onmessage(None);
                worker.set_onerror(None);
                worker.terminate();
            }
            line.waiting.clear();
            line.heard.borrow_mut().clear();
            line.deaths += 1;
        });
        self.page.update(|page| page.hear(message));
        if self.line.with_value(|line| line.deaths) < 3 {
            self.spawn();
        }
    }
}

impl Line {
    fn boot(&mut self) {
        self.booted = true;
        for message in std::mem::take(&mut self.waiting) {
            self.post(message);
        }
    }

    fn post(&mut self, message: JsValue) {
        match &self.worker {
            Some(worker) if self.booted => {
                if let Err(error) = worker.post_message(&message) {
                    log::error!("the worker took no message: {error:?}");
                }
            }
            _ => self.waiting.push(message),
        }
    }
}
