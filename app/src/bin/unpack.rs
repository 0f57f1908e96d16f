//! Unpacks the larger modules as they arrive: browsers have no LZMA of their own.

use retort_app::unpack::Unpacker;
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

fn main() {}

/// What JavaScript feeds.
#[wasm_bindgen(js_name = Unpacker)]
pub struct Fed(Unpacker);

#[wasm_bindgen(js_class = Unpacker)]
impl Fed {
    /// For a stream that was packed with a dictionary of so many bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(dictionary: u32) -> Self {
        Self(Unpacker::new(dictionary))
    }

    /// Takes the bytes that follow.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.0.feed(bytes);
    }

    /// The next chunk, unpacked; none where more has to be fed, or nothing follows.
    ///
    /// # Errors
    /// When what was fed is not LZMA2.
    pub fn chunk(&mut self) -> Result<Option<Vec<u8>>, JsError> {
        self.0.chunk().map_err(|error| JsError::new(&format!("wanted LZMA2: {error}")))
    }

    /// Whether the stream's end was reached.
    #[wasm_bindgen(getter)]
    pub fn over(&self) -> bool {
        self.0.is_over()
    }
}
